// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A way back that spec asks for and that fails is not begun again by itself: it
// would fail again, for good, under a new fence and with new Jobs each time.
func TestFailedRevertRests(t *testing.T) {
	for name, desired := range map[string]func(*sim){
		"the release before": func(s *sim) { s.want(4, 0) },
		"its version alone":  func(s *sim) { s.want(4, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, 3)
			s.settle(200)
			s.want(5, 0)
			s.settle(400)
			s.broken["v4-c0/verify"] = migrations.ReasonCheckFailed
			desired(s)
			s.settle(400)
			failed, fence := s.status.Phase, s.status.UpgradeRevision
			if failed != v1alpha1.PhaseFailed {
				t.Fatalf("in %s; the rollback's verify fails", failed)
			}
			s.settle(50)
			if s.status.Phase != failed || s.status.UpgradeRevision != fence {
				t.Errorf("in %s under fence %d; want to rest in %s under fence %d", s.status.Phase, s.status.UpgradeRevision, failed, fence)
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

// The same in the middle of a run that spec takes back.
func TestFailedRevertInMidFlightRests(t *testing.T) {
	o := midway(rollback)
	o.Desired = o.stored("a")
	for i := range o.Tiers {
		o.Tiers[i].Fence = 5
	}
	o.Verify = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonCheckFailed, Message: "made to fail"}}
	d := Decide(o)
	if d.Move != Fail {
		t.Fatalf("%q, want Fail", d.Move)
	}
	next, err := Advance(o, &d, 10)
	if err != nil {
		t.Fatal(err)
	}
	o.Status = next
	if d := Decide(o); d.Move != "" {
		t.Errorf("%q although nothing has changed", d.Move)
	}
	o.Desired = Release{Hash: "c", Version: "6.0.0", Has: o.Desired.Has}
	if d := Decide(o); d.Move != Begin {
		t.Errorf("%q after another edit, want Begin", d.Move)
	}
}

// Without transactional DDL an attempt that broke leaves the schema half changed,
// also when a later attempt never came to it: no tier goes back on such a schema.
func TestBrokenAttemptIsRemembered(t *testing.T) {
	for database, want := range map[string]v1alpha1.RollbackClass{"mysql": v1alpha1.RollbackRestore, "postgresql": v1alpha1.RollbackImage} {
		o := midway(rollback)
		o.Status.Schema = &v1alpha1.SchemaStatus{Database: database, Revision: "new"}
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r5", Revision: "old"}}
		for i := range o.Tiers {
			o.Tiers[i].Mode, o.Tiers[i].Pods = v1alpha1.ModeHold, 0
		}
		run := o.Status.Upgrade
		run.FromRevision, run.Head, run.Backup, run.Strategy = "old", "new", "r5", v1alpha1.StrategyDrain
		run.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackDowngrade, Revision: "old", Release: "b"}
		o.Downgrade = migrations.Progress{Attempt: 2, Broke: true, Result: migrations.Result{Reason: migrations.ReasonConfigInvalid, Message: "made to fail", Revision: "new"}}
		if d := Decide(o); d.Move != NextClass || d.Way.Class != want {
			t.Errorf("on %s %s with %s (%s), want %s", database, d.Move, d.Way.Class, d.Message, want)
		}
	}
}

// A way back that took the schema back, and then failed, leaves the release that
// runs without its schema. The revision that it needs is not the one that is there.
func TestTakenBackSchemaIsNotTheRunningRelease(t *testing.T) {
	o := midway(ready)
	o.Status.Release, o.Status.PreviousRelease = "b", "a"
	o.Status.Schema = &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "new"}
	o.Stored[0].Head, o.Stored[1].Head = "new", "old"
	o.Desired, o.Policy.Rollback = o.stored("a"), v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)
	steps := []func(*Observation){
		func(*Observation) {}, // RollBack
		func(o *Observation) { // the database is back, and the tiers never come
			o.Downgrade = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new"}}
			o.Now = o.Now.Add(1000 * time.Hour)
		},
		func(o *Observation) { o.Desired = o.stored("b"); o.Tokens.Retry = "again" }, // Begin
		func(o *Observation) { // the target is proven
			o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 1}}
			o.Stored[0].Plan = planHash(o, planOf(o))
		},
		func(o *Observation) { // and its migration fails
			for i := range o.Tiers {
				o.Tiers[i].Mode, o.Tiers[i].Fence, o.Tiers[i].Pods = v1alpha1.ModeHold, o.Status.UpgradeRevision, 0
			}
			o.Migrate = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonMigrationFailed, Database: "postgresql", Revision: "old"}}
		},
	}
	for i, want := range []Event{RollBack, Fail, Begin, Migrate, Fail} {
		steps[i](o)
		d := Decide(o)
		if d.Move != want {
			t.Fatalf("step %d: %q (%s), want %s", i, d.Move, d.Message, want)
		}
		next, err := Advance(o, &d, 10)
		if err != nil {
			t.Fatal(err)
		}
		next.LastHandled, o.Status = d.Handled, next
		o.Preflight, o.Downgrade = migrations.Progress{}, migrations.Progress{}
	}
}

// An operator that began anew may see an old Superset, at rest, beside the
// components of the run that goes on. What it then mends bears the fence that it
// knows, and the API server refuses it.
func TestOldRestIsFenced(t *testing.T) {
	o := midway(ready)
	o.Desired, o.Status.UpgradeRevision = o.stored("a"), 4
	o.Tiers[Scheduler].Fence, o.Tiers[Scheduler].Mode = 5, v1alpha1.ModeHold
	o.Tiers[Web].Fence, o.Tiers[Web].Release = 5, "b"
	o.Tiers[Worker].Fence = 3 // as it should be, and from long ago
	want := map[int]int64{Scheduler: 4, Web: 4, Worker: 3}
	d := Decide(o)
	for _, a := range d.Work.Actions() {
		if a.Kind == ApplyTier && a.Fence != want[a.Tier] {
			t.Errorf("%s is applied under fence %d, want %d", tierNames[a.Tier], a.Fence, want[a.Tier])
		}
	}
}
