// SPDX-License-Identifier: Apache-2.0

package superset

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxRawBytes is the largest raw configuration that [Render] takes: with what is
// generated it must stay well below the 1 MiB that a ConfigMap may hold.
const MaxRawBytes = 512 << 10

// The parts are Python files, not templates: nothing of the user's is ever put into
// a Python literal, and every secret is read from the environment when Superset
// starts, so there is nothing to fill in and nothing to quote.
var (
	//go:embed parts/database.py
	databasePart string
	//go:embed parts/cache.py
	cachePart string
	//go:embed parts/owned.py
	ownedPart string
	//go:embed parts/owned_celery.py
	ownedCeleryPart string
)

// Config is what the configuration file depends on.
type Config struct {
	// Raw is the user's Python, at most [MaxRawBytes] of UTF-8 without NUL. It may
	// build upon what is generated, for instance derive from CeleryConfig.
	Raw string
	// Cache says that [EnvCacheURL] is set in the pods. Without it Superset keeps its
	// own defaults, or what Raw says: no shared cache and no Celery.
	Cache bool
}

// Render returns the text of superset_config.py: what the operator generates, the
// user's Python as it stands, then once more the keys that the operator owns. It
// holds no secret, and equal configs give equal text.
func Render(c Config) (string, error) {
	if err := checkRaw(c.Raw); err != nil {
		return "", fmt.Errorf("rendering %s: %w", ConfigFile, err)
	}
	var text strings.Builder
	text.WriteString(databasePart)
	if c.Cache {
		text.WriteString("\n" + cachePart)
	}
	if c.Raw != "" {
		text.WriteString("\n# --- config.raw of the Superset object ---\n")
		text.WriteString(c.Raw)
		if !strings.HasSuffix(c.Raw, "\n") {
			text.WriteString("\n")
		}
		text.WriteString("# --- end of config.raw ---\n")
	}
	text.WriteString("\n" + ownedPart)
	if c.Cache {
		text.WriteString("\n" + ownedCeleryPart)
	}
	return text.String(), nil
}

func checkRaw(raw string) error {
	if len(raw) > MaxRawBytes {
		return fmt.Errorf("config.raw has %d bytes, more than the %d allowed: put large code into the image "+
			"as a Python module and import it", len(raw), MaxRawBytes)
	}
	if at := strings.IndexByte(raw, 0); at >= 0 {
		return fmt.Errorf("config.raw holds a NUL character in line %d, which Python refuses: remove it",
			1+strings.Count(raw[:at], "\n"))
	}
	if !utf8.ValidString(raw) {
		return errors.New("config.raw is not UTF-8: save it in that encoding")
	}
	return nil
}
