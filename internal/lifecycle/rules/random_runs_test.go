// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Every sequence of user actions and failures reaches a resting phase. When all failures are
// fixed and a retry is requested, it ends in Ready with the release that spec asks for.
func TestRandomRuns(t *testing.T) {
	runs := 3000
	if testing.Short() {
		runs = 300
	}
	for seed := range uint64(runs) {
		s := newSim(t, seed)
		s.policy.Strategy = []v1alpha1.Strategy{v1alpha1.StrategyAuto, v1alpha1.StrategyDrain, v1alpha1.StrategyRolling}[s.rnd.IntN(3)]
		s.policy.Approval = []v1alpha1.Approval{v1alpha1.ApprovalNever, v1alpha1.ApprovalWhenDestructive}[s.rnd.IntN(2)]
		s.policy.MaintenancePage = s.rnd.IntN(4) > 0
		if s.rnd.IntN(3) == 0 {
			s.policy.Gates = []v1alpha1.Phase{v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseVerify}
		}
		s.policy.Rollback = []v1alpha1.RollbackChoice{v1alpha1.RollbackAuto, "Image", "Downgrade", "Restore"}[s.rnd.IntN(4)]
		s.policy.Backup, s.mysql = s.rnd.IntN(2) == 0, s.rnd.IntN(4) == 0
		s.policy.OnFailure = []v1alpha1.FailurePolicy{v1alpha1.OnFailureRollback, v1alpha1.OnFailureHold}[s.rnd.IntN(2)]
		for range 60 {
			if s.rnd.IntN(4) == 0 {
				s.disturb()
			}
			d := s.reconcile()
			s.approve(d)
			if d.Recheck > 0 && s.rnd.IntN(10) == 0 {
				s.now = s.now.Add(d.Recheck)
			}
			s.clusterStep()
		}
		s.policy.Paused, s.broken = false, map[string]migrations.Reason{}
		s.broken = map[string]migrations.Reason{}
		s.partial = false // a user has restored their own backup
		s.settle(600)
		s.setSpec(6, 8) // the release with both keys
		s.policy.AllowSkip = true
		s.tokens = v1alpha1.LastHandled{Retry: "the last"}
		s.settle(600)
		if s.status.Phase != v1alpha1.PhaseReady || s.status.Release != s.desired.Hash {
			s.fail("run %d ends in %s at %s, want Ready at %s", seed, s.status.Phase, s.status.Release, s.desired.Hash)
		}
	}
}

// disturb makes a random change by a user, or a random fault.
func (s *sim) disturb() {
	switch s.rnd.IntN(11) {
	case 0, 1, 2:
		s.setSpec(4+s.rnd.IntN(3), []int{0, 1, 7, 8, 9}[s.rnd.IntN(5)])
	case 3:
		s.tokens.Rollback = fmt.Sprint("token-", s.rnd.IntN(100))
		s.log("rollback token")
	case 4:
		s.tokens.Retry = fmt.Sprint("token-", s.rnd.IntN(100))
		s.log("retry token")
	case 5:
		s.policy.Paused = !s.policy.Paused
		s.log("paused: %v", s.policy.Paused)
	case 6:
		script := migrations.Scripts[s.rnd.IntN(len(migrations.Scripts))]
		reasons := []migrations.Reason{migrations.ReasonConfigInvalid, migrations.ReasonDatabaseUnreachable, migrations.ReasonJobCrashed, migrations.ReasonInitFailed, crashAfterCommit, migrations.ReasonMigrationFailed, migrations.ReasonDowngradeFailed, migrations.ReasonRestoreFailed,
			migrations.ReasonLockTimeout, migrations.ReasonCheckUnanswered, migrations.ReasonTablesBusy, migrations.ReasonLockBudgetExceeded}
		s.broken[s.desired.Hash+"/"+string(script)] = reasons[s.rnd.IntN(len(reasons))]
	case 7:
		s.broken[s.desired.Hash] = "TierBroken"
		if s.rnd.IntN(3) == 0 {
			s.broken["page"] = "ImagePullBackOff"
		}
	case 8:
		tier := s.rnd.IntN(3)
		s.tiers[tier].Settled = false // a pod is deleted
		if s.rnd.IntN(3) == 0 {
			s.tiers[tier] = state.Tier{} // a user deletes a component
		}
	case 9:
		s.loseJobs()
	case 10:
		s.now = s.now.Add(100 * time.Hour)
		s.since = s.now
		s.log("no operator has run for 100 hours")
	}
}

// Decide allocates nothing for an idle Superset.
func TestIdleAllocatesNothing(t *testing.T) {
	s := newSim(t, 1)
	s.settle(200)
	o := state.Of(s.observe())
	if d := Decide(o); d.Kind != lifecycle.KindWork || o.Phase != v1alpha1.PhaseReady {
		t.Fatalf("not idle in %s: %+v", o.Phase, d)
	}
	if n := testing.AllocsPerRun(100, func() { Decide(o) }); n != 0 {
		t.Errorf("Decide allocates %v times when idle", n)
	}
}
