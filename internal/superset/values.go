// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// variable is the name of a setting or a feature flag. Superset reads variables in capitals only.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,199}$`)

// owned are the settings that have fields of their own.
var owned = map[string]string{
	"SECRET_KEY": "secretKeyFrom", "SQLALCHEMY_DATABASE_URI": "database", "FEATURE_FLAGS": "featureFlags",
}

// maxValuesBytes is the maximum size of settings and feature flags as Python, in bytes.
const maxValuesBytes = 128 << 10

// valuesPart is the Python of settings and feature flags; empty without any.
func valuesPart(c Config) (string, error) {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		field := "config.settings." + name
		if field, ok := owned[name]; ok {
			return "", fmt.Errorf("config.settings must not have %s: set %s", name, field)
		}
		if err := checkVariable(field, name, "ROW_LIMIT"); err != nil {
			return "", err
		}
		value, err := literal(c.Settings[name])
		if err != nil {
			return "", fmt.Errorf("%s cannot be rendered: %w", field, err)
		}
		text.WriteString(name + " = " + value + "\n")
	}
	if len(c.FeatureFlags) > 0 {
		text.WriteString("FEATURE_FLAGS = {\n")
		for _, name := range slices.Sorted(maps.Keys(c.FeatureFlags)) {
			if err := checkVariable("featureFlags."+name, name, "ALERT_REPORTS"); err != nil {
				return "", err
			}
			text.WriteString("    " + quote(name) + ": " + boolean(c.FeatureFlags[name]) + ",\n")
		}
		text.WriteString("}\n")
	}
	switch {
	case text.Len() == 0:
		return "", nil
	case text.Len() > maxValuesBytes:
		return "", fmt.Errorf("config.settings and featureFlags have %d bytes of Python, more than the %d allowed: put large values into config.files, and read them in config.raw", text.Len(), maxValuesBytes)
	}
	return "\n# --- config.settings and featureFlags of the Superset object ---\n" + text.String() + "# --- end of config.settings ---\n", nil
}

func checkVariable(field, name, example string) error {
	if variable.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%s: a name consists of capitals, digits and _, begins with a capital and has at most 200 characters: write for example %s", field, example)
}

// runPart is the Python that makes files importable and runs those of config.from; empty without
// any.
func runPart(c Config) string {
	var text strings.Builder
	if c.Modules {
		text.WriteString("\n\n" + modulesPart)
	}
	if len(c.From) > 0 {
		text.WriteString("\n\n" + fromPart + "\n\n# --- config.from of the Superset object ---\n")
	}
	for _, file := range c.From {
		text.WriteString("operator_run(" + quote(file.Name) + ")\n")
	}
	return text.String()
}

var (
	envCall       = regexp.MustCompile(`(^|[^A-Za-z0-9_.])env\(`)
	envDefinition = regexp.MustCompile(`(?m)^def env\(`)
)

// callsEnv is true if the user's code calls env(), which the Helm chart defines, before it
// defines it: other configs stay as they are.
func callsEnv(c Config) bool {
	for _, file := range append(slices.Clone(c.From), File{Text: c.Raw}) {
		if envDefinition.MatchString(file.Text) {
			return false
		}
		if envCall.MatchString(file.Text) {
			return true
		}
	}
	return false
}
