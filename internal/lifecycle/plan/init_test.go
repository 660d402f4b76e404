// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

func TestInitSteps(t *testing.T) {
	imports := make([]v1alpha1.ImportSource, 2)
	for want, init := range map[string]*v1alpha1.InitSpec{
		"": nil, ", then an import": {ImportFrom: imports[:1]},
		", then the admin user, the examples, 2 imports, init.script": {AdminUser: &v1alpha1.AdminUserSpec{}, LoadExamples: true, ImportFrom: imports, Script: "true"},
	} {
		if got := initSteps(init); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := initSteps(&v1alpha1.InitSpec{Roles: v1alpha1.RolesKeep}); got != "" {
		t.Errorf("roles alone: %q", got)
	}
}

// A change of spec.init alone is carried out by migrate; its removal is not.
func TestChangeOfInit(t *testing.T) {
	script, other := &v1alpha1.InitSpec{Script: "true"}, &v1alpha1.InitSpec{Script: "true", Revision: "2"}
	for name, c := range map[string]struct {
		before, after *v1alpha1.InitSpec
		skips         bool
	}{
		"none": {nil, nil, true}, "new": {nil, script, false}, "equal": {script, script.DeepCopy(), true},
		"another revision": {script, other, false}, "removed": {script, nil, true},
	} {
		s := &state.Snapshot{Observation: &state.Observation{}, Run: &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindConfigChange}}
		s.Current.Init, s.Desired.Init = c.before, c.after
		if got := SkipsMigration(s); got != c.skips {
			t.Errorf("%s: skips the migration: %v, want %v", name, got, c.skips)
		}
	}
}

func TestRolesInThePlan(t *testing.T) {
	keep := &v1alpha1.InitSpec{Roles: v1alpha1.RolesKeep}
	for name, c := range map[string]struct {
		found string
		init  *v1alpha1.InitSpec
		kind  v1alpha1.UpgradeKind
		want  string
	}{
		"unedited":        {"", nil, v1alpha1.KindUpgrade, ""},
		"without a field": {"Gamma +1 -2", nil, v1alpha1.KindUpgrade, "superset init sets the permissions of built-in roles to those of 6.1.0: Gamma +1 -2; to keep them, set spec.init.roles: Keep"},
		"kept":            {"Gamma +1 -2", keep, v1alpha1.KindUpgrade, "built-in roles keep their permissions; those of 6.1.0 would be: Gamma +1 -2"},
		"no migration":    {"Gamma +1 -2", nil, v1alpha1.KindConfigChange, ""},
	} {
		s := &state.Snapshot{Observation: &state.Observation{}, Run: &v1alpha1.UpgradeStatus{Kind: c.kind, To: "6.1.0"}}
		s.Preflight.Result.Roles, s.Desired.Init = c.found, c.init
		if got := roles(s); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
