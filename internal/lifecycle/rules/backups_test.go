// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
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
		move    lifecycle.Event
	}{
		"blocked":           {"pod cannot be scheduled: unbound claim", false, ""},
		"blocked and late":  {"pod cannot be scheduled: unbound claim", true, lifecycle.RollBack},
		"slow and not late": {"", false, ""},
		"slow and late":     {"", true, lifecycle.RollBack},
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
		if d.Moves(lifecycle.Fail) != lost || lost && (d.Reason != v1alpha1.ReasonBackupLost || !strings.Contains(d.Message, "claim bi-backups with backup r5")) {
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
		"not checked": {func(o *state.Observation) { o.BackupCheck = migrations.Progress{} }, true},
		"no gate":     {func(*state.Observation) {}, true},
		"at a gate":   {func(o *state.Observation) { o.Policy.Approval = v1alpha1.ApprovalAlways }, true},
		"no backup":   {func(o *state.Observation) { o.Policy.Backup = false }, false},
		"paused":      {func(o *state.Observation) { o.Policy.Paused = true }, false},
	} {
		o := statetest.Upgrade(v1alpha1.PhaseValidate)
		o.Policy.Backup = true
		o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 1}}
		o.BackupCheck = migrations.Progress{Attempt: 1, Done: true}
		record(o, migrations.Preflight, migrations.BackupCheck)
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
		if d.Kind != lifecycle.KindWait || d.Reason != v1alpha1.ReasonBlocked || d.Message != o.NoClaim || d.Recheck == 0 || d.NeedsClaim() {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// record records the ended Jobs of scripts.
func record(o *state.Observation, scripts ...migrations.Script) {
	o.Status.Upgrade.Jobs = nil
	for _, script := range scripts {
		o.Status.Upgrade.Jobs = append(o.Status.Upgrade.Jobs, o.JobOf(script).Record(script))
	}
}

// A backup is checked before anything stops: after the preflight, and before the plan is stored.
// A check that cannot begin or end fails the run in Validate, with the cause.
func TestBackupIsChecked(t *testing.T) {
	checked := func(edit func(*state.Observation)) lifecycle.Decision {
		o := statetest.Upgrade(v1alpha1.PhaseValidate)
		o.Policy.Backup, o.Status.Upgrade.Touched = true, false
		o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 1}}
		record(o, migrations.Preflight)
		edit(o)
		return Decide(state.Of(o))
	}
	late := func(o *state.Observation) { o.Status.Upgrade.WorkingSince = &metav1.Time{Time: o.Now.Add(-time.Hour)} }
	if d := checked(func(*state.Observation) {}); d.Work.Job.Script != migrations.BackupCheck || d.Work.Store != nil {
		t.Errorf("after the preflight: %+v", d)
	}
	pull := "container database waits: ImagePullBackOff: Back-off pulling image example.invalid/none:1"
	d := checked(func(o *state.Observation) {
		o.BackupCheck = migrations.Progress{Attempt: 1, Active: true, Blocked: pull}
	})
	if d.Kind != lifecycle.KindWait || d.Reason != v1alpha1.ReasonBlocked || !strings.Contains(d.Message, pull) {
		t.Errorf("an image that cannot be pulled: %+v", d)
	}
	d = checked(func(o *state.Observation) {
		o.BackupCheck = migrations.Progress{Attempt: 1, Active: true, Blocked: pull}
		late(o)
	})
	if !d.Moves(lifecycle.Fail) || d.Reason != v1alpha1.ReasonDeadlineExceeded || !strings.Contains(d.Message, pull) || d.NeedsClaim() {
		t.Errorf("the same at the deadline: %+v", d)
	}
	if d = checked(late); !d.Moves(lifecycle.Fail) || !d.NeedsClaim() {
		t.Errorf("without a Job at the deadline: %+v", d)
	}
	d = checked(func(o *state.Observation) { o.NoClaim = "claim ours does not exist"; late(o) })
	if !d.Moves(lifecycle.Fail) || !strings.Contains(d.Message, "claim ours does not exist") || d.NeedsClaim() {
		t.Errorf("without a claim at the deadline: %+v", d)
	}
	d = checked(func(o *state.Observation) {
		o.BackupCheck = migrations.Progress{Attempt: 1, Result: migrations.Result{Reason: migrations.ReasonBackupFailed, Message: "too little space"}}
		record(o, migrations.Preflight, migrations.BackupCheck)
	})
	if !d.Moves(lifecycle.Fail) || d.Reason != string(migrations.ReasonBackupFailed) || d.Message != "too little space" {
		t.Errorf("refused: %+v", d)
	}
	d = checked(func(o *state.Observation) {
		o.BackupCheck = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Facts: migrations.Facts{BackupNote: "little space"}}}
		record(o, migrations.Preflight, migrations.BackupCheck)
	})
	if d.Work.Store == nil || !slices.Contains(d.Planned.Plan.Notes, "little space") {
		t.Errorf("with a note: %+v", d)
	}
}
