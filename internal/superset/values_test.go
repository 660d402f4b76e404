// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLiteral(t *testing.T) {
	for value, want := range map[string]string{
		`null`: "None", `true`: "True", `false`: "False", `-0.5e+3`: "-0.5e+3", `12345678901234567890`: "12345678901234567890",
		`""`: `""`, `"a'b\"c\\d\n"`: `"a'b\"c\\d\n"`, `"é\u2028"`: `"\u00e9\u2028"`, `"😀\u0000\u007f"`: `"\U0001f600\x00\x7f"`,
		`[]`: "[]", `[1, [null]]`: "[1, [None]]", `{"b": {}, "a": ["x"]}`: `{"a": ["x"], "b": {}}`,
	} {
		got, err := literal([]byte(value))
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", value, got, err, want)
		}
	}
}

// Python reads the value that the JSON has, whatever a text contains.
func FuzzLiteral(f *testing.F) {
	for _, text := range []string{"", "plain", "\"'\\", "{x}\n\r\t\x00", "\u2028é😀", "\\N{BULLET}\\x41", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		raw, err := json.Marshal(map[string]any{text: []any{text, 1.5, nil, true}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := literal(raw)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "value.json")
		write(t, file, string(raw))
		out, err := python(t, "-c", "import ast, json, sys\nassert ast.literal_eval(sys.argv[1]) == json.load(open(sys.argv[2], encoding='utf-8'))", got, file).CombinedOutput()
		if err != nil {
			t.Errorf("%q became %s: %v\n%s", text, got, err, out)
		}
	})
}

// Settings and feature flags come first, then config.from in its order, then raw, and then what
// the operator owns: each sees and may replace what precedes it.
func TestOrderOfConfig(t *testing.T) {
	got := evaluate(t, Config{
		Settings:     map[string][]byte{"A": []byte(`"settings"`), "B": []byte(`{"x": [1, null]}`), "C": []byte("3")},
		FeatureFlags: map[string]bool{"ONE": true, "TWO": false},
		From:         []File{{"_from-0.py", "A += ' zero'\nSECRET_KEY = 'x'\n"}, {"_from-1.py", "A += ' one'\nB['x'].append(C)\n"}},
		Raw:          "A += ' raw'\nFEATURE_FLAGS['TWO'] = True\n",
	}, "", "A, B, FEATURE_FLAGS, SECRET_KEY")
	if want := "('settings zero one raw', {'x': [1, None, 3]}, {'ONE': True, 'TWO': True}, '" + secretKey + "')"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Python that was written for the Helm chart calls env(). It is defined for who needs it alone.
func TestEnvIsDefined(t *testing.T) {
	t.Setenv("THEIRS", "x")
	for name, c := range map[string]struct {
		config  Config
		defined bool
	}{
		"raw":     {Config{Raw: "A = env('THEIRS') + env('NONE', 'y')"}, true},
		"from":    {Config{From: []File{{"_from-0.py", "A = env('THEIRS') + 'y'\n"}}}, true},
		"own":     {Config{Raw: "def env(name):\n    return 'x'\n\nA = env('THEIRS') + 'y'\n"}, false},
		"another": {Config{Raw: "def my_env(name):\n    return 'x'\n\nA = my_env('B') + os.environ.get('Z', 'y')\n"}, false},
		"late":    {Config{From: []File{{"_from-0.py", "A = env('THEIRS') + 'y'\n"}}, Raw: "def env(name):\n    return 'z'\n"}, true},
	} {
		if got := evaluate(t, c.config, "", "A"); got != "'xy'" {
			t.Errorf("%s: %s", name, got)
		}
		text, err := Render(c.config)
		if err != nil || strings.Contains(text, envPart) != c.defined {
			t.Errorf("%s: env() is defined: %v, want %v, %v", name, !c.defined, c.defined, err)
		}
	}
}

// A module of config.files can be imported.
func TestModules(t *testing.T) {
	text, err := Render(Config{Modules: true, Raw: "from my_security import Manager\nCUSTOM_SECURITY_MANAGER = Manager\n"})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConfigFile), text)
	write(t, filepath.Join(folder, "my_security.py"), "class Manager:\n    pass\n")
	command := python(t, "-c", "import runpy, sys; print(runpy.run_path(sys.argv[1])['CUSTOM_SECURITY_MANAGER'].__module__)", filepath.Join(folder, ConfigFile))
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", EnvSecretKey+"="+secretKey, EnvDatabaseURI+"="+databaseURI)
	if out, err := command.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "my_security" {
		t.Errorf("%v\n%s", err, out)
	}
}
