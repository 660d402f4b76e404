// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A backup Job that cannot start (no default storage class, an image that does not exist)
// is rolled back after the deadline: the database has not changed yet, and users must not
// see the maintenance page permanently. A backup Job that is only slow is left running.
func TestBlockedBackupRollsBack(t *testing.T) {
	for name, c := range map[string]struct {
		blocked string
		late    bool
		move    Event
	}{
		"blocked":           {"pod cannot be scheduled: unbound claim", false, ""},
		"blocked and late":  {"pod cannot be scheduled: unbound claim", true, RollBack},
		"slow and not late": {"", false, ""},
		"slow and late":     {"", true, RollBack},
	} {
		o := statetest.BackedUp(false, migrations.BackupResult{})
		o.Backup = migrations.Progress{Attempt: 1, Active: true, Blocked: c.blocked}
		for i := range o.Tiers {
			o.Tiers[i] = state.Tier{Exists: true, Release: "a", Fence: 5, Mode: v1alpha1.ModeHold, Current: true}
		}
		o.Now = o.Now.Add(deadline(state.Of(o)) - time.Second)
		if c.late {
			o.Now = o.Now.Add(time.Second)
		}
		d := Decide(state.Of(o))
		if d.Move.Event != c.move || !strings.Contains(d.Message, c.blocked) {
			t.Errorf("%s: event %q: %s: %s, want event %q", name, d.Move.Event, d.Reason, d.Message, c.move)
		}
	}
}

// A rollback whose backup is lost fails before it stops anything.
func TestRestoreOfALostBackup(t *testing.T) {
	for _, lost := range []bool{false, true} {
		o := statetest.Untested()
		o.Status.Phase, o.Status.Upgrade.RollbackRelease = v1alpha1.PhaseRollback, "a"
		o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Revision: "old", Backup: "r5"}
		o.Status.Backups[0].Claim = "bi-backups"
		if lost {
			o.LostClaims = []string{"bi-backups"}
		}
		d := Decide(state.Of(o))
		if d.Moves(Fail) != lost || lost && (d.Reason != v1alpha1.ReasonBackupLost || !strings.Contains(d.Message, "claim bi-backups with backup r5")) {
			t.Errorf("lost %v: %+v", lost, d)
		}
	}
}

// A plan with a backup asks for its claim before it leaves Validate, also at a gate. Without
// the claim it waits there, and everything serves.
func TestPlannedBackupNeedsItsClaim(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func(*state.Observation)
		needs bool
	}{
		"no gate":   {func(*state.Observation) {}, true},
		"at a gate": {func(o *state.Observation) { o.Policy.Approval = v1alpha1.ApprovalAlways }, true},
		"no backup": {func(o *state.Observation) { o.Policy.Backup = false }, false},
		"paused":    {func(o *state.Observation) { o.Policy.Paused = true }, false},
	} {
		o := statetest.Upgrade(v1alpha1.PhaseValidate)
		o.Policy.Backup = true
		o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 1}}
		c.edit(o)
		d := Decide(state.Of(o))
		if d.Work.Store != nil {
			o.Stored[0].PlanHash = d.Planned.Hash
			d = Decide(state.Of(o))
		}
		if d.NeedsClaim() != c.needs {
			t.Fatalf("%s: needs a claim %v: %+v", name, d.NeedsClaim(), d)
		}
		if !c.needs {
			continue
		}
		o.NoClaim = "claim ours for backups does not exist"
		d = Decide(state.Of(o))
		if d.Kind != KindWait || d.Reason != v1alpha1.ReasonBlocked || d.Message != o.NoClaim || d.Recheck == 0 || d.NeedsClaim() {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
