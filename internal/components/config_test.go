// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func envFrom(secret string) v1alpha1.EnvFromSources {
	return v1alpha1.EnvFromSources{{Prefix: "P_", SecretRef: &v1alpha1.ObjectSelector{Name: secret}}}
}

// What is said of all pods reaches each component, and none overrides what the operator sets.
func TestVariablesReachEveryComponent(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Env, s.Spec.EnvFrom = v1alpha1.EnvVars{{Name: "A", Value: "all"}, {Name: "SUPERSET_PORT", Value: "9"}}, envFrom("theirs")
	s.Spec.Worker.Env = v1alpha1.EnvVars{{Name: "A", Value: "worker"}}
	for name, want := range map[Name]string{Scheduler: "all", Worker: "worker", Web: "all"} {
		main := deployment(t, component(t, s, name), name, nil).Spec.Template.Spec.Containers[0]
		if got := literal(&main, "A"); got != want {
			t.Errorf("%s has A=%q, want %q", name, got, want)
		}
		var names []string
		for _, e := range main.Env {
			names = append(names, e.Name)
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s has a variable twice: %v", name, names)
		}
		if !slices.Contains(names, "SUPERSET_SECRET_KEY") || len(main.EnvFrom) != 1 || main.EnvFrom[0].Prefix != "P_" || main.EnvFrom[0].SecretRef.Name != "theirs" {
			t.Errorf("%s: %v, envFrom %+v", name, names, main.EnvFrom)
		}
	}
}

// The files of a release are next to superset_config.py, and its ConfigMap is named by all of
// them. A copy belongs to the release: it is stored, and identifies it.
func TestFilesOfARelease(t *testing.T) {
	s := read(t, "plain")
	plain := releaseOf(t, s)
	s.Spec.Config.From = []v1alpha1.ConfigSource{{ConfigMapKeyRef: v1alpha1.ConfigMapKeyReference{Name: "shared", Key: "a.py"}}}
	if _, err := ReleaseOf(s, nil); err == nil || !strings.HasPrefix(err.Error(), "spec.config.from[0]: ") {
		t.Errorf("without the copy: %v", err)
	}
	with := func(text string) *Release {
		r, err := ReleaseOf(s, map[string]string{"_from-0.py": text})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one, two := with("A = 1\n"), with("A = 2\n")
	if one.ConfigMap == two.ConfigMap || one.Hash() == two.Hash() || one.Copies != two.Copies || one.Config != two.Config || plain.Copies != "" {
		t.Errorf("%+v and %+v", one, two)
	}
	cm := ConfigMap("bi", "analytics", one.ConfigMap, one.Config, one.Files)
	if diff := cmp.Diff(map[string]string{"superset_config.py": one.Config, "_from-0.py": "A = 1\n"}, cm.Data); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	raw, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	back, err := LoadRelease(one.Hash(), raw)
	if err != nil || len(back.Unknown) > 0 {
		t.Fatal(err, back)
	}
	if diff := cmp.Diff(one.Files, back.Files); diff != "" || back.Copies != one.Copies {
		t.Errorf("stored and read back (-want +got):\n%s", diff)
	}
	if _, err := ReleaseOf(s, map[string]string{"_from-0.py": "\x00"}); err == nil || !strings.HasPrefix(err.Error(), "spec.config.from[0] contains a NUL") {
		t.Errorf("no text: %v", err)
	}
}

// A standalone component has settings and feature flags as well.
func TestValuesOfAStandaloneComponent(t *testing.T) {
	c := component(t, read(t, "plain"), Web)
	spec := c.ComponentSpec()
	spec.ConfigMapName, spec.FeatureFlags = "", map[string]bool{"DRILL_BY": true}
	spec.Config = &v1alpha1.ConfigSpec{Settings: map[string]apiextensionsv1.JSON{"ROW_LIMIT": {Raw: []byte("77")}, "NOTHING": {}}}
	cm, err := OwnConfig(c)
	if err != nil || !strings.Contains(cm.Data["superset_config.py"], "NOTHING = None\nROW_LIMIT = 77\nFEATURE_FLAGS = {\n    \"DRILL_BY\": True,\n}\n") {
		t.Errorf("%v, %+v", err, cm)
	}
	spec.Config.Settings["row"] = apiextensionsv1.JSON{Raw: []byte("1")}
	if _, err := OwnConfig(c); err == nil || !strings.HasPrefix(err.Error(), "spec.config.settings.row: ") {
		t.Errorf("a name that Superset does not read: %v", err)
	}
}
