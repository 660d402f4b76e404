// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The operator is killed when a phase is first seen, in three concurrent runs: a
// Drain, a Rolling upgrade, and one that fails and is rolled back. The results
// are the same as without a kill. Not parallel: all tests share the operator, and
// parallel tests begin after the others.
func TestOperatorIsKilledInEachPhase(t *testing.T) {
	linger := slow(time.Second)
	drains, rolls, fails := newFixture(t), newFixture(t), newFixture(t)
	all := []*fixture{drains, rolls, fails}
	drains.create("5.0.0", linger)
	rolls.create("5.0.0", linger, strategy(v1alpha1.StrategyRolling))
	fails.create("5.0.0", linger)
	killed := killInEachPhase(t, all, v1alpha1.PhaseReady)
	if want := len(forward) - 1; len(killed) != want {
		t.Errorf("install: killed in %v, want %d phases", killed, want)
	}
	drains.edit(version("6.0.0"))
	rolls.edit(version("6.0.0"))
	fails.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	killed = killInEachPhase(t, all, v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack)
	if want := len(forward); len(killed) != want {
		t.Errorf("upgrade: killed in %v, want %d phases, Rollback among them", killed, want)
	}
	for _, f := range all {
		v := "6.0.0"
		if f == fails {
			v = "5.0.0"
			f.rolledBack(v)
			f.rollbackInOrder(v)
		} else {
			f.ready(v)
			f.tiersInOrder(v)
		}
		f.runs(v)
		f.neverTwoBeats()
		if n := simulated.Migrations(f.ns, "bi"); n.Finished != 2 || n.AtOnce != 1 {
			t.Errorf("migrations: %+v, want the install's and the upgrade's, never two at once", n)
		}
		f.jobsOf("preflight", 2)
		f.jobsOf("migrate", 2)
	}
	drains.jobsOf("verify", 2)
	rolls.jobsOf("verify", 2)
	fails.jobsOf("verify", 3) // of the install, the upgrade and the rollback
}

// killInEachPhase restarts the operator with a kill whenever one of the Supersets
// is first seen in a moving phase, until all of them are in a resting phase. It
// counts the kills by phase.
func killInEachPhase(t *testing.T, all []*fixture, resting ...v1alpha1.Phase) map[v1alpha1.Phase]int {
	t.Helper()
	killed := map[v1alpha1.Phase]int{}
	seen := map[string]bool{}
	eventually(t, "all runs have ended", func() bool {
		rest := 0
		for _, f := range all {
			s := f.get()
			p := s.Status.Phase
			if slices.Contains(resting, p) && s.Status.ObservedGeneration == s.Generation {
				rest++
				continue
			}
			if key := f.ns + string(p); p != "" && !slices.Contains(resting, p) && !seen[key] {
				seen[key] = true
				killed[p]++
				operator.restart(t)
			}
		}
		return rest == len(all)
	})
	return killed
}
