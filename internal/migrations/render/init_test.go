// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// spec.init is in the Jobs preflight and migrate, and in no other: the password only by reference.
func TestGoldenInit(t *testing.T) {
	s, r := read(t, "plain")
	before := map[migrations.Script]string{}
	render := func(script migrations.Script) string {
		t.Helper()
		job, err := Job(s, Order{Script: script, Fence: 7, Attempt: 2, Release: r, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(golden.YAML(t, job), scripts.Hash, "<hash of the scripts>")
	}
	for _, script := range migrations.Scripts {
		if script != migrations.Rehearse {
			before[script] = render(script)
		}
	}
	r.Init = &v1alpha1.InitSpec{
		Roles:     v1alpha1.RolesKeep,
		AdminUser: &v1alpha1.AdminUserSpec{Email: "bi@example.com", PasswordFrom: v1alpha1.SecretKeyReference{Name: "bi", Key: "admin-password"}},
		ImportFrom: []v1alpha1.ImportSource{
			{Kind: v1alpha1.ImportDatasources, KeySource: v1alpha1.KeySource{SecretKeyRef: &v1alpha1.SecretKeyReference{Name: "sources", Key: "import_datasources.yaml"}}},
			{Kind: v1alpha1.ImportDashboards, KeySource: v1alpha1.KeySource{ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "boards", Key: "sales.zip"}}},
		},
		LoadExamples: true,
		Script:       "superset fab list-users | grep \"$USER_$(id -u)\"\n",
	}
	for script, plain := range before {
		text := render(script)
		if script == migrations.Preflight || script == migrations.Migrate {
			golden.Text(t, "job_"+string(script)+"_init.yaml", text)
		} else if text != plain {
			t.Errorf("spec.init changes the Job %s", script)
		}
	}
}

// The longest script fits into a variable of Linux, which has at most 128 KiB, whatever is in it.
func TestInitFitsIntoAVariable(t *testing.T) {
	for _, c := range []string{"$", "\x01", "\"", "\u2028", "é"} {
		var env envList
		_, r := read(t, "plain")
		r.Init = &v1alpha1.InitSpec{Script: strings.Repeat(c, 16384)}
		env.init(Order{Release: r})
		if len(env) != 1 || len(env[0].Value) > 128<<10-len(superset.EnvInit)-2 || strings.Contains(env[0].Value, "$") {
			t.Errorf("%q: %d variables, %d bytes", c, len(env), len(env[0].Value))
		}
	}
}
