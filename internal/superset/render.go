// SPDX-License-Identifier: Apache-2.0

package superset

import (
	_ "embed"
	"errors"
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

// The parts are Python files, not templates. No input of the user is put into a Python
// literal, and secrets are read from the environment when Superset starts, so nothing
// needs to be quoted.
var (
	//go:embed parts/database.py
	databasePart string
	//go:embed parts/cache.py
	cachePart string
	//go:embed parts/worker.py
	workerPart string
	//go:embed parts/stats_logger.py
	statsLoggerPart string
	//go:embed parts/owned.py
	ownedPart string
	//go:embed parts/owned_celery.py
	ownedCeleryPart string
)

// Config is the input of [Render].
type Config struct {
	// Raw is the user's Python code: at most [MaxRawBytes] of UTF-8 without NUL. It may
	// use the generated code, for example derive a class from CeleryConfig.
	Raw string
	// Cache is true if [EnvCacheURL] is set in the pods. Otherwise caches and Celery
	// are configured by Raw or by Superset's defaults.
	Cache bool
	// Statsd is true if [EnvStatsdHost] is set in the pods of web, worker and scheduler. Then
	// STATS_LOGGER sends StatsD to it, unless Raw sets another one.
	Statsd bool
}

// Render returns the text of superset_config.py: the generated code, the user's code
// unchanged, then again the keys that the operator owns. It contains no secrets, and is
// the same for equal configs. An error names config.raw.
func Render(c Config) (string, error) {
	if err := checkRaw(c.Raw); err != nil {
		return "", fmt.Errorf("rendering %s: %w", ConfigFile, err)
	}
	var text strings.Builder
	text.WriteString(databasePart)
	if c.Cache {
		text.WriteString("\n" + cachePart + "\n\n" + workerPart)
	}
	if c.Statsd {
		text.WriteString("\n\n" + StatsdSender + "\n\n" + statsLoggerPart)
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
		return fmt.Errorf("config.raw has %d bytes, more than the %d allowed: put the code into the image "+
			"as a Python module and import it", len(raw), MaxRawBytes)
	}
	if at := strings.IndexByte(raw, 0); at >= 0 {
		return fmt.Errorf("config.raw contains a NUL character in line %d: remove it",
			1+strings.Count(raw[:at], "\n"))
	}
	if !utf8.ValidString(raw) {
		return errors.New("config.raw is not valid UTF-8: save it in that encoding")
	}
	return nil
}
