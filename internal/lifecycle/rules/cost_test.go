// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// situation is what an operator decides on again and again.
type situation struct {
	name string
	// allocations of one decision, at most: a text with a version in it is one, and to compare
	// the versions of a target three are read.
	allocations float64
	kind        lifecycle.Kind
	observation *state.Observation
}

func situations() []situation {
	running := migrations.Progress{Attempt: 1, Active: true}
	atRest := statetest.Upgrade(v1alpha1.PhaseReady)
	atRest.Desired, atRest.Stored = atRest.Stored[1], atRest.Stored[1:]
	preflight, migrate, verify := statetest.Upgrade(v1alpha1.PhaseValidate), statetest.Upgrade(v1alpha1.PhaseDBMigrate), statetest.Verified()
	preflight.Preflight, migrate.Migrate, verify.Verify = running, running, running
	return []situation{
		{"at_rest", 0, lifecycle.KindWork, atRest},
		{"Validate,_Job_runs", 6, lifecycle.KindWork, preflight},
		{"DBMigrate,_Job_runs", 0, lifecycle.KindWork, migrate},
		{"UpgradeScheduler", 1, lifecycle.KindWork, statetest.Upgrade(v1alpha1.PhaseUpgradeScheduler)},
		{"UpgradeWorkers", 1, lifecycle.KindWork, statetest.Upgrade(v1alpha1.PhaseUpgradeWorkers)},
		{"UpgradeWeb", 1, lifecycle.KindWork, statetest.Upgrade(v1alpha1.PhaseUpgradeWeb)},
		{"Verify,_Job_runs", 0, lifecycle.KindWork, verify},
	}
}

var sink lifecycle.Decision

// At rest and while a Job runs a decision leaves no garbage.
func TestDecideAllocates(t *testing.T) {
	for _, c := range situations() {
		s := state.Of(c.observation)
		if got := Decide(s); got.Kind != c.kind || got.Work.Job.Script != "" {
			t.Errorf("%s: decides %+v, which is another situation", c.name, got)
		}
		if got := testing.AllocsPerRun(100, func() { sink = Decide(s) }); got > c.allocations {
			t.Errorf("%s: %.0f allocations, at most %.0f", c.name, got, c.allocations)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, c := range situations() {
		b.Run(c.name, func(b *testing.B) {
			s := state.Of(c.observation)
			b.ReportAllocs()
			for b.Loop() {
				sink = Decide(s)
			}
		})
	}
}
