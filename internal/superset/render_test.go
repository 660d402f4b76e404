// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var goldens = map[string]Config{
	"plain":  {},
	"cache":  {Cache: true},
	"statsd": {Cache: true, Statsd: true, Raw: "ROW_LIMIT = 5000"},
	"raw":    {Raw: "ROW_LIMIT = 5000"},
	"values": {
		Settings:     map[string][]byte{"ROW_LIMIT": []byte("5000"), "TALISMAN_CONFIG": []byte(`{"force_https":false,"sources":["'self'","a\"b"]}`)},
		FeatureFlags: map[string]bool{"ALERT_REPORTS": true, "DRILL_BY": false}, Raw: "FEATURE_FLAGS[\"DRILL_BY\"] = True",
	},
	"from":      {From: []File{{"_from-0.py", "A = env(\"B\")\n"}, {"_from-1.py", ""}}, Modules: true},
	"web":       {Web: &Web{Service: "http://bi:80/", URL: "https://bi.example.com"}},
	"parts":     {Cache: true, Connections: true, Celery: true},
	"cache_raw": {Raw: "class Mine(CeleryConfig):\n    worker_concurrency = 2\n\n\nCELERY_CONFIG = Mine\n", Cache: true},
}

func TestRenderGolden(t *testing.T) {
	for name, config := range goldens {
		t.Run(name, func(t *testing.T) {
			got, err := Render(config)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".py")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs (-want +got); if that is intended, run with -update:\n%s", file, diff)
			}
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	setting := func(name, value string) Config { return Config{Settings: map[string][]byte{name: []byte(value)}} }
	cases := map[string]struct {
		config Config
		want   string
	}{
		"NUL":        {Config{Raw: "A = 1\nB = '\x00'\n"}, "config.raw contains a NUL character in line 2"},
		"too long":   {Config{Raw: strings.Repeat("#", MaxRawBytes+1)}, "more than the 524288 allowed"},
		"latin-1":    {Config{Raw: "A = 'caf\xe9'\n"}, "config.raw is not valid UTF-8"},
		"copied":     {Config{From: []File{{"a", ""}, {"b", "\x00"}}}, "config.from[1] contains a NUL"},
		"lower case": {setting("row_limit", "1"), "config.settings.row_limit: a name consists of capitals, digits and _, begins with a capital and has at most 200 characters: write for example ROW_LIMIT"},
		"code":       {setting("A = 1\nB", "1"), "config.settings.A = 1\nB: a name consists of"},
		"owned":      {setting("FEATURE_FLAGS", "{}"), "config.settings must not have FEATURE_FLAGS: set featureFlags"},
		"no JSON":    {setting("A", "{"), "config.settings.A cannot be rendered: it is not JSON"},
		"two values": {setting("A", "1 2"), "config.settings.A cannot be rendered: it is more than one"},
		"large":      {setting("A", `"`+strings.Repeat("x", maxValuesBytes)+`"`), "config.settings and featureFlags have 131080 bytes of Python, more than the 131072 allowed"},
		"flag":       {Config{FeatureFlags: map[string]bool{"alerts": true}}, "featureFlags.alerts: a name consists of"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, err := Render(c.config)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) && !strings.Contains(err.Error(), "more than the") {
				t.Errorf("error %v, want one that begins with %q", err, c.want)
			}
			if text != "" {
				t.Errorf("text %q with an error", text)
			}
		})
	}
	if _, err := Render(Config{Raw: strings.Repeat("#", MaxRawBytes)}); err != nil {
		t.Errorf("raw config of MaxRawBytes: %v", err)
	}
}

// The names of the variables in the Python parts are those of the constants.
func TestPartsUseTheContract(t *testing.T) {
	if !strings.Contains(cachePart, `os.environ.get("`+EnvCacheKeyPrefix+`", "")`) {
		t.Errorf("%s is not read in:\n%s", EnvCacheKeyPrefix, cachePart)
	}
	if !strings.Contains(workerPart, `file = "`+WorkerFile+`"`) {
		t.Errorf("%s is not written in:\n%s", WorkerFile, workerPart)
	}
	if !strings.Contains(StatsdSender, `os.environ.get("`+EnvStatsdHost+`")`) || !strings.Contains(StatsdSender, fmt.Sprintf("(host, %d,", StatsdPort)) {
		t.Errorf("%s and port %d are not used in:\n%s", EnvStatsdHost, StatsdPort, StatsdSender)
	}
	if scripts, err := os.ReadFile("../migrations/scripts/superset_job/app/settings.py"); err != nil {
		t.Fatal(err)
	} else if values, err := Render(goldens["values"]); err != nil {
		t.Fatal(err)
	} else {
		for line := range strings.Lines(values) {
			if strings.HasPrefix(line, "# --- ") && !strings.Contains(string(scripts), `"`+strings.TrimSpace(line)+`"`) {
				t.Errorf("preflight does not look for %q", line)
			}
		}
	}
	for part, names := range map[string][]string{
		databasePart: {EnvSecretKey, EnvDatabaseURI},
		ownedPart:    {EnvSecretKey, EnvDatabaseURI},
		cachePart:    {EnvCacheURL},
	} {
		for _, name := range names {
			if !strings.Contains(part, `os.environ["`+name+`"]`) {
				t.Errorf("%s is not read in:\n%s", name, part)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("ROW_LIMIT = 5000", true)
	f.Add("", false)
	f.Add("'''", true)
	f.Add("\"\"\"\n\\", false)
	f.Add("x = \\", true)
	f.Add("A = 1\r\nB = 2\r", true)
	f.Fuzz(func(t *testing.T, raw string, cache bool) {
		text, err := Render(Config{Raw: raw, Cache: cache})
		if (err != nil) != (checkTexts(Config{Raw: raw}) != nil) {
			t.Fatalf("error %v, but checkTexts returns %v", err, checkTexts(Config{Raw: raw}))
		}
		if err != nil {
			return
		}
		again, _ := Render(Config{Raw: raw, Cache: cache})
		if text != again {
			t.Error("two renderings differ")
		}
		last := ownedPart
		if cache {
			last = ownedCeleryPart
		}
		if !strings.Contains(text, raw) || !strings.HasPrefix(text, headerPart+"\n"+databasePart) || !strings.HasSuffix(text, "\n"+last) {
			t.Errorf("not generated, raw and owned in this order:\n%s", text)
		}
	})
}
