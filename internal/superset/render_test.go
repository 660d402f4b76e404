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
	"plain":     {},
	"cache":     {Cache: true},
	"statsd":    {Cache: true, Statsd: true, Raw: "ROW_LIMIT = 5000"},
	"raw":       {Raw: "ROW_LIMIT = 5000"},
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
	cases := map[string]struct{ raw, want string }{
		"NUL":      {"A = 1\nB = '\x00'\n", "NUL character in line 2"},
		"too long": {strings.Repeat("#", MaxRawBytes+1), "more than the 524288 allowed"},
		"latin-1":  {"A = 'caf\xe9'\n", "not valid UTF-8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, err := Render(Config{Raw: c.raw})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that contains %q", err, c.want)
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
		if (err != nil) != (checkRaw(raw) != nil) {
			t.Fatalf("error %v, but checkRaw returns %v", err, checkRaw(raw))
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
		if !strings.Contains(text, raw) || !strings.HasPrefix(text, databasePart) || !strings.HasSuffix(text, "\n"+last) {
			t.Errorf("not generated, raw and owned in this order:\n%s", text)
		}
	})
}
