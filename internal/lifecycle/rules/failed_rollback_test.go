// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A failed rollback that spec requested is not restarted automatically. It would fail again
// each time, under a new fence and with new Jobs.
func TestFailedRevertIsNotRestarted(t *testing.T) {
	for name, desired := range map[string]func(*sim){
		"previous release": func(s *sim) { s.setSpec(4, 0) },
		"previous version": func(s *sim) { s.setSpec(4, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, 3)
			s.settle(200)
			s.setSpec(5, 0)
			s.settle(400)
			s.broken["v4-c0/verify"] = migrations.ReasonCheckFailed
			desired(s)
			s.settle(400)
			failed, fence := s.status.Phase, s.status.UpgradeRevision
			if failed != v1alpha1.PhaseFailed {
				t.Fatalf("in %s; want %s: verify of the rollback fails", failed, v1alpha1.PhaseFailed)
			}
			s.settle(50)
			if s.status.Phase != v1alpha1.PhaseFailed || s.status.UpgradeRevision != fence {
				t.Errorf("in %s under fence %d; want %s under fence %d", s.status.Phase, s.status.UpgradeRevision, v1alpha1.PhaseFailed, fence)
			}
			delete(s.broken, "v4-c0/verify")
			s.tokens.Retry = "again"
			s.settle(400)
			if s.status.Phase != v1alpha1.PhaseReady || s.status.Release != s.desired.Hash {
				t.Errorf("after a retry in %s at %s", s.status.Phase, s.status.Release)
			}
		})
	}
}

// The same for a rollback in the middle of a run.
func TestFailedRevertOfARunIsNotRestarted(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseRollback)
	o.Desired = o.StoredRelease("a")
	for i := range o.Tiers {
		o.Tiers[i].Fence = 5
	}
	o.Verify = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonCheckFailed, Message: "made to fail"}}
	d := Decide(state.Of(o))
	if d.Move.Event != lifecycle.Fail {
		t.Fatalf("%q, want Fail", d.Move.Event)
	}
	next, err := lifecycle.Advance(state.Of(o), &d, 10)
	if err != nil {
		t.Fatal(err)
	}
	o.Status = next
	if d := Decide(state.Of(o)); d.Move.Event != "" {
		t.Errorf("event %q although nothing has changed", d.Move.Event)
	}
	o.Desired = state.Release{Hash: "c", Version: "6.0.0", Has: o.Desired.Has}
	if d := Decide(state.Of(o)); d.Move.Event != lifecycle.Begin {
		t.Errorf("%q after another edit, want Begin", d.Move.Event)
	}
}

// Without transactional DDL a failed attempt leaves the schema partially migrated, also when a
// later attempt failed before it reached the schema. No tier is rolled back on such a schema.
func TestBrokenAttemptIsRemembered(t *testing.T) {
	for database, want := range map[string]v1alpha1.RollbackClass{"mysql": v1alpha1.RollbackRestore, "postgresql": v1alpha1.RollbackImage} {
		o := statetest.Upgrade(v1alpha1.PhaseRollback)
		o.Status.Schema = &v1alpha1.SchemaStatus{Database: database, Revision: "new"}
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r5", Revision: "old"}}
		for i := range o.Tiers {
			o.Tiers[i].Mode, o.Tiers[i].Pods = v1alpha1.ModeHold, 0
		}
		run := o.Status.Upgrade
		run.FromRevision, run.Head, run.Backup, run.Strategy = "old", "new", "r5", v1alpha1.StrategyDrain
		run.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackDowngrade, Revision: "old", Release: "b"}
		o.Downgrade = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonJobCrashed, Message: "made to crash"}}
		o.Status = lifecycle.Record(state.Of(o))
		o.Downgrade = migrations.Progress{Attempt: 2, Result: migrations.Result{Reason: migrations.ReasonConfigInvalid, Message: "made to fail", Revision: "new"}}
		if d := Decide(state.Of(o)); d.Move.Event != lifecycle.NextClass || d.Move.Rollback.How.Class != want {
			t.Errorf("%s: %s with class %s (%s), want %s", database, d.Move.Event, d.Move.Rollback.How.Class, d.Message, want)
		}
	}
}

// A rollback that failed after it had downgraded the schema leaves the running release without
// its schema: the revision that this release needs differs from the one in the database.
func TestDowngradedSchemaIsNotThatOfTheRunningRelease(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseReady)
	o.Status.Release, o.Status.PreviousRelease = "b", "a"
	o.Status.Schema = &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "new"}
	o.Stored[0].Head, o.Stored[1].Head = "new", "old"
	o.Desired, o.Policy.Rollback = o.StoredRelease("a"), v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)
	steps := []func(*state.Observation){
		func(*state.Observation) {}, // RollBack
		func(o *state.Observation) { // the schema is downgraded, and the tiers never become ready
			o.Downgrade = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new"}}
			o.Now = o.Now.Add(1000 * time.Hour)
		},
		func(o *state.Observation) { o.Desired = o.StoredRelease("b"); o.Tokens.Retry = "again" }, // Begin
		func(o *state.Observation) { // the target is validated
			o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 1}}
			o.Stored[0].PlanHash = plan.Hash(state.Of(o), plan.Make(state.Of(o)))
		},
		func(o *state.Observation) { // and its migration fails
			for i := range o.Tiers {
				o.Tiers[i].Mode, o.Tiers[i].Fence, o.Tiers[i].Pods = v1alpha1.ModeHold, o.Status.UpgradeRevision, 0
			}
			o.Migrate = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonMigrationFailed, Database: "postgresql", Revision: "old"}}
		},
	}
	for i, want := range []lifecycle.Event{lifecycle.RollBack, lifecycle.Fail, lifecycle.Begin, lifecycle.Migrate, lifecycle.Fail} {
		steps[i](o)
		d := Decide(state.Of(o))
		if d.Move.Event != want {
			t.Fatalf("step %d: %q (%s), want %s", i, d.Move.Event, d.Message, want)
		}
		next, err := lifecycle.Advance(state.Of(o), &d, 10)
		if err != nil {
			t.Fatal(err)
		}
		next.LastHandled, o.Status = d.Tokens.Handled, next
		o.Preflight, o.Downgrade = migrations.Progress{}, migrations.Progress{}
	}
}

// After a restart the operator may see an old Superset in a resting phase, together with the
// components of a newer run. Its writes carry the fence of the old status, so that the API
// server rejects them.
func TestStaleStatusIsFenced(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseReady)
	o.Desired, o.Status.UpgradeRevision = o.StoredRelease("a"), 4
	o.Tiers[state.Scheduler].Fence, o.Tiers[state.Scheduler].Mode = 5, v1alpha1.ModeHold
	o.Tiers[state.Web].Fence, o.Tiers[state.Web].Release = 5, "b"
	o.Tiers[state.Worker].Fence = 3 // up to date, from an older run
	want := map[int]int64{state.Scheduler: 4, state.Web: 4, state.Worker: 3}
	d := Decide(state.Of(o))
	for tier, w := range d.Work.Tiers {
		if w.Apply && w.Fence != want[tier] {
			t.Errorf("%s is applied under fence %d, want %d", state.TierNames[tier], w.Fence, want[tier])
		}
	}
}

// A restore whose Job asks for an acceptance has changed nothing: the run stops in Failed, and the
// token for exactly what was listed begins the restore again. Another list is asked for again.
func TestRestoreIsAccepted(t *testing.T) {
	o := statetest.Untested()
	o.Status.Phase, o.Status.Upgrade.RollbackRelease = v1alpha1.PhaseRollback, "a"
	o.Status.Upgrade.Backup, o.Status.Upgrade.Strategy = "r5", v1alpha1.StrategyDrain
	o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Revision: "old", Backup: "r5"}
	for i := range o.Tiers {
		o.Tiers[i].Mode, o.Tiers[i].Pods = v1alpha1.ModeHold, 0
	}
	o.Policy.Rollback = v1alpha1.RollbackChoice(v1alpha1.RollbackRestore)
	for _, drops := range []string{"0a1b", "2c3d"} {
		o.Restore = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonLossNotAccepted, Database: "postgresql", Revision: "new",
			Message: "it drops objects of others", Facts: migrations.Facts{Identity: "postgresql/1/2/bi", Drops: drops}}}
		o.Status = lifecycle.Record(state.Of(o))
		d := Decide(state.Of(o))
		if !d.Moves(lifecycle.Fail) || d.Reason != "LossNotAccepted" || d.Message != "it drops objects of others" {
			t.Fatalf("%s: %+v", drops, d)
		}
		advance(t, o, &d)
		d = Decide(state.Of(o))
		if d.Wait.DataLoss == "" || o.Status.Schema.Identity != "postgresql/1/2/bi" {
			t.Fatalf("%s: waits for %+v, schema %+v", drops, d.Wait, o.Status.Schema)
		}
		o.Tokens.AcceptDataLoss = d.Wait.DataLoss
		d = Decide(state.Of(o))
		if !d.Moves(lifecycle.RollBack) || d.Move.Rollback.How.Drops != drops {
			t.Fatalf("%s: after the acceptance %+v", drops, d)
		}
		advance(t, o, &d)
		if d = Decide(state.Of(o)); d.Work.Job.Script != migrations.Restore || o.Status.Upgrade.Rollback.Drops != drops {
			t.Fatalf("%s: %+v", drops, d)
		}
	}
}

// advance moves on, and forgets the Jobs of the fence before.
func advance(t *testing.T, o *state.Observation, d *lifecycle.Decision) {
	t.Helper()
	next, err := lifecycle.Advance(state.Of(o), d, 10)
	if err != nil {
		t.Fatal(err)
	}
	next.LastHandled, o.Status = d.Tokens.Handled, next
	o.Restore = migrations.Progress{}
	for i := range o.Tiers {
		o.Tiers[i].Mode, o.Tiers[i].Pods, o.Tiers[i].Fence, o.Tiers[i].Current = v1alpha1.ModeHold, 0, next.UpgradeRevision, true
	}
}

// A restore is checked while everything serves. A check that fails ends the rollback before
// anything stops; where nothing serves any more, there is none.
func TestRestoreIsChecked(t *testing.T) {
	decide := func(edit func(*state.Observation)) lifecycle.Decision {
		o := statetest.Untested()
		o.Status.Phase, o.Status.Upgrade.RollbackRelease = v1alpha1.PhaseRollback, "a"
		o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Revision: "old", Backup: "r5"}
		edit(o)
		return Decide(state.Of(o))
	}
	held := func(d *lifecycle.Decision) bool {
		return slices.ContainsFunc(d.Work.Tiers[:], func(w actions.TierWork) bool { return w.Mode == v1alpha1.ModeHold })
	}
	d := decide(func(*state.Observation) {})
	if d.Work.Job.Script != migrations.RestoreCheck || d.Work.Job.Backup != "r5" || held(&d) {
		t.Errorf("first: %+v", d)
	}
	missing := migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonBackupMissing, Message: "there is no backup r5"}}
	d = decide(func(o *state.Observation) { o.RestoreCheck = missing; record(o, migrations.RestoreCheck) })
	if !d.Moves(lifecycle.Fail) || d.Reason != string(migrations.ReasonBackupMissing) {
		t.Errorf("without the dump: %+v", d)
	}
	d = decide(func(o *state.Observation) {
		o.RestoreCheck = migrations.Progress{Attempt: 1, Active: true, Blocked: "ImagePullBackOff"}
		o.Now = o.Now.Add(2 * time.Hour)
	})
	if !d.Moves(lifecycle.Fail) || !strings.Contains(d.Message, "ImagePullBackOff") {
		t.Errorf("blocked at the deadline: %+v", d)
	}
	d = decide(func(o *state.Observation) {
		o.RestoreCheck = migrations.Progress{Attempt: 1, Done: true}
		record(o, migrations.RestoreCheck)
	})
	if d.Work.Job.Script != "" || !held(&d) {
		t.Errorf("checked: %+v", d)
	}
	d = decide(func(o *state.Observation) {
		for i := range o.Tiers {
			o.Tiers[i].Mode, o.Tiers[i].Pods, o.Tiers[i].Fence = v1alpha1.ModeHold, 0, 5
		}
	})
	if d.Work.Job.Script != migrations.Restore {
		t.Errorf("nothing serves: %+v", d)
	}
}
