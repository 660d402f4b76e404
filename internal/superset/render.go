// SPDX-License-Identifier: Apache-2.0

package superset

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"
)

// StatsdSender is Python code that defines operator_statsd: it returns what sends StatsD to
// [EnvStatsdHost]. superset_config.py and gunicorn's configuration have it.
//
//go:embed parts/statsd.py
var StatsdSender string

// MaxRawBytes is the maximum size of the raw configuration, in bytes. With the
// generated part it must fit into a ConfigMap, which is limited to 1 MiB.
const MaxRawBytes = 512 << 10

// The parts are Python files, not templates. Only settings and feature flags become Python
// literals; secrets are read from the environment when Superset starts.
var (
	//go:embed parts/header.py
	headerPart string
	//go:embed parts/database.py
	databasePart string
	//go:embed parts/cache.py
	cachePart string
	//go:embed parts/worker.py
	workerPart string
	//go:embed parts/stats_logger.py
	statsLoggerPart string
	//go:embed parts/env.py
	envPart string
	//go:embed parts/modules.py
	modulesPart string
	//go:embed parts/from.py
	fromPart string
	//go:embed parts/owned.py
	ownedPart string
	//go:embed parts/owned_celery.py
	ownedCeleryPart string
)

// Config is the input of [Render].
type Config struct {
	// Settings are variables by name, with their values as JSON.
	Settings map[string][]byte
	// FeatureFlags are the items of FEATURE_FLAGS.
	FeatureFlags map[string]bool
	// From are files of Python that run in this order before Raw. They are in the folder of
	// [ConfigFile].
	From []File
	// Modules is true if that folder has modules to import.
	Modules bool
	// Raw is the user's Python code: at most [MaxRawBytes] of UTF-8 without NUL. It may
	// use the generated code, for example derive a class from CeleryConfig.
	Raw string
	// Cache is true if [EnvCacheURL] is set in the pods. Otherwise caches and Celery
	// are configured by Raw or by Superset's defaults.
	Cache bool
	// Connections is true if [ConnectionsFile] is next to the file: URLs are made of parts.
	Connections bool
	// Celery is true if broker or results of Celery may be elsewhere than the caches. It needs
	// Cache and Connections.
	Celery bool
	// Web is where the web tier is reached; nil if there is none.
	Web *Web
	// Statsd is true if [EnvStatsdHost] is set in the pods of web, worker and scheduler. Then
	// STATS_LOGGER sends StatsD to it, unless Raw sets another one.
	Statsd bool
}

// Web is where the web tier is reached.
type Web struct {
	// Service is the URL at which workers open dashboards, such as http://bi:8088/; empty
	// without workers.
	Service string
	// URL is that of users, such as https://bi.example.com; empty if it is not known. With one
	// there is a proxy in front.
	URL string
}

// File is a file of Python.
type File struct{ Name, Text string }

// Render returns the text of superset_config.py: the generated code, settings and feature flags,
// the user's code unchanged, then again the keys that the operator owns. It contains no secrets,
// and is the same for equal configs. An error begins with the field, such as config.raw.
func Render(c Config) (string, error) {
	if err := checkTexts(c); err != nil {
		return "", err
	}
	values, err := valuesPart(c)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(generatedPart(c) + values + runPart(c) + rawPart(c.Raw))
	text.WriteString("\n" + ownedPart)
	if c.Cache {
		text.WriteString("\n" + ownedCeleryPart)
	}
	if c.Celery {
		text.WriteString(ownedURLsPart)
	}
	return text.String(), nil
}

// generatedPart is what the operator sets, and the user may change.
func generatedPart(c Config) string {
	var text strings.Builder
	text.WriteString(headerPart)
	if c.Connections {
		text.WriteString(connectPart)
	}
	text.WriteString("\n" + databasePart)
	if c.Cache {
		text.WriteString("\n" + cachePart + "\n\n" + workerPart)
	}
	if c.Celery {
		text.WriteString("\n\n" + celeryPart)
	}
	if c.Statsd {
		text.WriteString("\n\n" + StatsdSender + "\n\n" + statsLoggerPart)
	}
	text.WriteString(webPart(c.Web))
	if callsEnv(c) {
		text.WriteString("\n\n" + envPart)
	}
	return text.String()
}

// rawPart is the user's code unchanged; empty without any.
func rawPart(raw string) string {
	if raw == "" {
		return ""
	}
	if !strings.HasSuffix(raw, "\n") {
		raw += "\n"
	}
	return "\n# --- config.raw of the Superset object ---\n" + raw + "# --- end of config.raw ---\n"
}

func checkTexts(c Config) error {
	for i, file := range c.From {
		if err := checkText(fmt.Sprintf("config.from[%d]", i), file.Text); err != nil {
			return err
		}
	}
	return checkText("config.raw", c.Raw)
}

func checkText(field, text string) error {
	if len(text) > MaxRawBytes {
		return fmt.Errorf("%s has %d bytes, more than the %d allowed: put the code into the image "+
			"as a Python module and import it", field, len(text), MaxRawBytes)
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return fmt.Errorf("%s contains a NUL character in line %d: remove it",
			field, 1+strings.Count(text[:at], "\n"))
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not valid UTF-8: save it in that encoding", field)
	}
	return nil
}
