// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// The tiers of a release are unknown while its ControllerRevision is missing (stale cache, or
// deleted by a user). The machine must not treat this as a request to remove them.
func TestMissingReleaseRemovesNothing(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseRollback} {
		o := statetest.Upgrade(phase)
		missing := "b"
		if phase == v1alpha1.PhaseRollback {
			missing = "a"
		}
		o.Stored = slices.DeleteFunc(o.Stored, func(r state.Release) bool { return r.Hash == missing })
		d := Decide(state.Of(o))
		if d.Move.Event != "" || d.Kind != lifecycle.KindWait || !strings.Contains(d.Message, "release "+missing+" is missing") {
			t.Errorf("%s: %q, %q; want to wait for release %s", phase, d.Move.Event, d.Message, missing)
		}
		for tier, w := range d.Work.Tiers {
			if w.Remove || w.Apply && (w.Release != "a" || w.Fence != 4) {
				t.Errorf("%s: %s: %+v, although release %s is missing", phase, state.TierNames[tier], w, missing)
			}
		}
		stores := d.Work.Store != nil
		if stores != (missing == "b") {
			t.Errorf("%s: stores the release again: %v; spec asks for b, not for a", phase, stores)
		}
	}
	// A release that is not stored is no rollback target.
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify, v1alpha1.PhaseFailed} {
		o := statetest.Upgrade(phase)
		o.Desired = o.StoredRelease("a")
		o.Stored = o.Stored[:1]
		if d := Decide(state.Of(o)); d.Move.Event == lifecycle.RollBack {
			t.Errorf("%s: rolls back to release %q, which is not stored", phase, d.Move.Rollback.Target.Hash)
		}
	}
}

// A stale cache that catches up shows earlier phases of a run again. A scheduler that a later
// phase has released at the target is not held again because of that.
func TestStaleStatusHoldsNothingAgain(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers} {
		for fence, want := range map[int64]v1alpha1.Mode{5: v1alpha1.ModeServe, 4: v1alpha1.ModeHold} {
			o := statetest.Upgrade(phase)
			o.Tiers[state.Scheduler].Release, o.Tiers[state.Scheduler].Fence = "b", fence
			o.Tiers[state.Worker].Stray = 1 // the workers are being rolled
			d := Decide(state.Of(o))
			w := d.Work.Tiers[state.Scheduler]
			if w.Apply && w.Mode != want {
				t.Errorf("%s, scheduler with fence %d: %+v, want %s", phase, fence, w, want)
			}
			if !w.Apply {
				t.Errorf("%s: %+v does not apply the scheduler", phase, d)
			}
		}
	}
}

// A deleted scheduler is re-created in Validate, at the running release. It is held in its
// stage also when that release is the target of the run.
func TestDeletedSchedulerIsHeldInItsStage(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	o.Desired = o.StoredRelease("a")
	o.Status.Upgrade.ToRelease, o.Status.Upgrade.To, o.Status.Upgrade.Kind = "a", "5.0.0", v1alpha1.KindConfigChange
	o.Tiers[state.Scheduler] = state.Tier{}
	d := Decide(state.Of(o))
	if w := d.Work.Tiers[state.Scheduler]; w.Apply {
		o.Tiers[state.Scheduler] = state.Tier{Exists: true, Release: w.Release, Fence: w.Fence, Mode: w.Mode, Current: true, Settled: true, Pods: 1, Ready: 1}
	}
	if !o.Tiers[state.Scheduler].Exists {
		t.Fatal("the scheduler is not re-created")
	}
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler} {
		o.Status.Phase = phase
		d := Decide(state.Of(o))
		w := d.Work.Tiers[state.Scheduler]
		if !w.Apply || w.Mode != v1alpha1.ModeHold {
			t.Errorf("%s: the scheduler is not held", phase)
		}
	}
}

// A status without a run (edited by a user, or restored from a backup of the cluster) begins a
// new run instead of panicking. Its fence is higher than that of every child.
func TestStatusWithoutARun(t *testing.T) {
	for _, phase := range v1alpha1.Phases {
		o := statetest.Upgrade(phase)
		o.Status.Upgrade, o.Status.UpgradeRevision, o.MaxFence = nil, 0, 9
		d := Decide(state.Of(o))
		if d.Move.Event != lifecycle.Begin {
			t.Errorf("%s without a run: %q, want Begin", phase, d.Move.Event)
			continue
		}
		next, err := lifecycle.Advance(state.Of(o), &d, 10)
		if err != nil || next.UpgradeRevision != 10 || next.Phase != v1alpha1.PhaseValidate {
			t.Errorf("%s without a run: %+v, %v", phase, next, err)
		}
	}
}

// While the verified release is missing, a resting phase removes no tier and keeps each as it
// is. Only a release that spec asks for is stored again, with its plan and schema revision.
func TestMissingVerifiedRelease(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed} {
		o := statetest.Upgrade(phase)
		o.Status.Release, o.Status.Upgrade.FromRelease = "a", "a"
		o.Status.Upgrade.HeldRelease, o.Status.Upgrade.ToRelease = "b", "b"
		if phase == v1alpha1.PhaseReady {
			o.Status.Upgrade.ToRelease, o.Status.Upgrade.PlanHash = "a", "planned"
			o.Status.Schema = &v1alpha1.SchemaStatus{Revision: "head"}
			o.Desired = o.StoredRelease("a")
		}
		for tier := range o.Tiers {
			o.Tiers[tier].Release, o.Tiers[tier].Fence, o.Tiers[tier].Mode = "a", 4, v1alpha1.ModeServe
		}
		o.Stored = slices.DeleteFunc(o.Stored, func(r state.Release) bool { return r.Hash == "a" })
		d := Decide(state.Of(o))
		if d.Kind == lifecycle.KindMove || d.Work.Prune {
			t.Errorf("%s: moves on %q, prunes: %v", phase, d.Move.Event, d.Work.Prune)
		}
		for tier, w := range d.Work.Tiers {
			if w != (actions.TierWork{Apply: true, Release: "a", Fence: 4, Mode: v1alpha1.ModeServe}) {
				t.Errorf("%s: %s: %+v", phase, state.TierNames[tier], w)
			}
		}
		switch store := d.Work.Store; {
		case (store != nil) != (phase == v1alpha1.PhaseReady):
			t.Errorf("%s: stores %+v", phase, store)
		case store != nil && (store.Head != "head" || store.Hash != "planned"):
			t.Errorf("%s: stores %+v, want its plan and schema revision", phase, store)
		}
	}
}

// An upgrade from a release that is missing is an upgrade, and asks for the acceptance that it
// cannot be rolled back.
func TestUpgradeFromAMissingRelease(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseReady)
	o.Status.Release, o.Status.Upgrade.ToRelease, o.Status.Upgrade.To = "a", "a", "5.0.0"
	o.Stored = slices.DeleteFunc(o.Stored, func(r state.Release) bool { return r.Hash == "a" })
	s := state.Of(o)
	d := Decide(s)
	next, err := lifecycle.Advance(s, &d, 10)
	if err != nil || next.Upgrade.Kind != v1alpha1.KindUpgrade || next.Upgrade.From != "5.0.0" || next.Upgrade.FromRelease != "a" {
		t.Fatalf("%+v, %v: want an upgrade from 5.0.0", next, err)
	}
	o.Status, o.Preflight = next, migrations.Progress{Attempt: 1, Done: true}
	d = Decide(state.Of(o)) // stores the target with its plan
	if p := d.Planned.Plan; p == nil || p.Rollback != v1alpha1.RollbackFrozen || !strings.Contains(p.RollbackReason, "release a (version 5.0.0) is not stored") {
		t.Errorf("plan %+v", p)
	}
}
