// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"go.yaml.in/yaml/v3"
)

const prefix = "resource.customizations.health.superset-operator.dev_"

// scripts returns the health checks, by kind.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	var config struct{ Data map[string]string }
	read(t, filepath.Join("..", "..", "config", "gitops", "argocd-cm.yaml"), &config)
	out := map[string]string{}
	for key, script := range config.Data {
		kind, found := strings.CutPrefix(key, prefix)
		if !found {
			t.Errorf("unexpected key %s", key)
		}
		out[kind] = script
	}
	return out
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestKinds: each kind of the CRDs has a health check, and all have the same.
func TestKinds(t *testing.T) {
	found, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(found) != 4 {
		t.Fatalf("%v, %v", found, err)
	}
	var kinds []string
	for _, path := range found {
		var crd struct {
			Spec struct{ Names struct{ Kind string } }
		}
		read(t, path, &crd)
		kinds = append(kinds, crd.Spec.Names.Kind)
	}
	slices.Sort(kinds)
	all := scripts(t)
	if have := slices.Sorted(maps.Keys(all)); !slices.Equal(have, kinds) {
		t.Errorf("health checks for %v, want %v", have, kinds)
	}
	for kind, script := range all {
		if script != all["Superset"] {
			t.Errorf("the health check of %s differs from that of Superset", kind)
		}
	}
}

// TestHealth runs the check on the statuses in testdata.
func TestHealth(t *testing.T) {
	var cases []struct {
		Name, Want, Message string
		Object              map[string]any
	}
	read(t, filepath.Join("testdata", "objects.yaml"), &cases)
	seen := map[string]bool{}
	for _, c := range cases {
		status, message := health(t, scripts(t)["Superset"], c.Object)
		if status != c.Want || message != c.Message {
			t.Errorf("%s: %s (%s), want %s (%s)", c.Name, status, message, c.Want, c.Message)
		}
		seen[status] = true
	}
	for _, status := range []string{"Healthy", "Progressing", "Degraded", "Suspended"} {
		if !seen[status] {
			t.Errorf("no case is %s", status)
		}
	}
}

// health runs a check as Argo CD does: the object is the global obj, and the script returns a
// table.
func health(t *testing.T, script string, object map[string]any) (status, message string) {
	t.Helper()
	l := lua.NewState()
	defer l.Close()
	l.SetGlobal("obj", valueOf(l, object))
	if err := l.DoString(script); err != nil {
		t.Fatal(err)
	}
	table, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the check returned %s", l.Get(-1).Type())
	}
	return table.RawGetString("status").String(), table.RawGetString("message").String()
}

func valueOf(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := l.NewTable()
		for key, inner := range v {
			table.RawSetString(key, valueOf(l, inner))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, inner := range v {
			table.Append(valueOf(l, inner))
		}
		return table
	case string:
		return lua.LString(v)
	case int:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}
