// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// An upgrade is rehearsed according to spec.upgrade.rehearsal, if there are migrations to try and
// the database can be copied.
func TestRehearses(t *testing.T) {
	cases := map[string]struct {
		edit func(*state.Observation)
		want bool
	}{
		"upgrade":      {func(*state.Observation) {}, true},
		"Never":        {func(o *state.Observation) { o.Policy.Rehearsal = v1alpha1.RehearsalNever }, false},
		"not set":      {func(o *state.Observation) { o.Policy.Rehearsal = "" }, false},
		"not additive": {func(o *state.Observation) { o.Policy.Rehearsal = v1alpha1.RehearsalWhenNotAdditive }, true},
		"additive": {func(o *state.Observation) {
			o.Policy.Rehearsal, o.Preflight.Result.Path = v1alpha1.RehearsalWhenNotAdditive, statetest.Additive
		}, false},
		"class unknown": {func(o *state.Observation) {
			o.Policy.Rehearsal, o.Preflight.Result.Path = v1alpha1.RehearsalWhenNotAdditive, nil
		}, true},
		"additive, Always":   {func(o *state.Observation) { o.Preflight.Result.Path = statetest.Additive }, true},
		"no migrations":      {func(o *state.Observation) { o.Preflight.Result.PendingCount = 0 }, false},
		"first install":      {func(o *state.Observation) { o.Status.Upgrade.FromRelease = "" }, false},
		"empty database":     {func(o *state.Observation) { o.Preflight.Result.Revision = "" }, false},
		"different database": {func(o *state.Observation) { o.Desired.Database = "elsewhere/uri" }, false},
		"MySQL":              {func(o *state.Observation) { o.Preflight.Result.Database = "mysql" }, false},
	}
	for name, c := range cases {
		o := statetest.Validated()
		c.edit(o)
		if got := plan.Rehearses(state.Of(o)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		o.Status = lifecycle.Record(state.Of(o))
		d := Decide(state.Of(o))
		job := d.Work.Job
		ran := job.Script == migrations.Rehearse && job.Current == o.Status.Upgrade.FromRelease
		if ran != c.want {
			t.Errorf("%s: starts the rehearsal Job: %v, want %v (%+v)", name, ran, c.want, d)
		}
	}
}
