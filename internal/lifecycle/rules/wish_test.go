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

// renderedAgain is an upgrade from a to b that another operator looks at. It renders the wish
// of b as c.
func renderedAgain(phase v1alpha1.Phase) *state.Observation {
	o := statetest.Upgrade(phase)
	o.Stored[0].Wish, o.Stored[1].Wish = "wish-b", "wish-a"
	o.Status.Upgrade.Wish, o.Status.Upgrade.HeldRelease, o.Status.Upgrade.HeldWish = "wish-b", "b", "wish-b"
	o.Desired.Hash, o.Desired.Wish = "c", "wish-b"
	return o
}

// What failed or was rolled back is not tried again because another operator renders it
// differently. An edit and a retry are.
func TestAnotherRendererRetriesNothing(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack} {
		if d := Decide(state.Of(renderedAgain(phase))); d.Kind == lifecycle.KindMove {
			t.Errorf("%s: %s", phase, d.Move.Event)
		}
		o := renderedAgain(phase)
		o.Desired.Wish = "wish-d"
		if d := Decide(state.Of(o)); d.Move.Event != lifecycle.Begin {
			t.Errorf("%s, after an edit: %q", phase, d.Move.Event)
		}
		o = renderedAgain(phase)
		o.Tokens.Retry = "again"
		if d := Decide(state.Of(o)); d.Move.Event != lifecycle.Begin {
			t.Errorf("%s, with a retry token: %q", phase, d.Move.Event)
		}
		o = renderedAgain(phase)
		o.Desired.Wish, o.Status.Upgrade.HeldWish, o.Stored[0].Wish, o.Status.Upgrade.Wish = "wish-b", "", "", ""
		o.Desired.Hash = "b" // an operator that knew no wishes stored it
		if d := Decide(state.Of(o)); d.Kind == lifecycle.KindMove {
			t.Errorf("%s, without a wish: %s", phase, d.Move.Event)
		}
	}
}

// A run goes on with the release that it stored. In Validate, before that, it begins again.
func TestAnotherRendererDuringRun(t *testing.T) {
	for phase, want := range map[v1alpha1.Phase]lifecycle.Event{
		v1alpha1.PhaseValidate: lifecycle.Begin, v1alpha1.PhaseUpgradeWorkers: "", v1alpha1.PhaseUpgradeWeb: "", v1alpha1.PhaseVerify: "", v1alpha1.PhaseRollback: "",
	} {
		d := Decide(state.Of(renderedAgain(phase)))
		if d.Move.Event != want || d.Reason == v1alpha1.ReasonQueuedBehindStage || d.Reason == v1alpha1.ReasonQueuedBehindRollback {
			t.Errorf("%s: %q, %s: %s", phase, d.Move.Event, d.Reason, d.Message)
		}
	}
	o := renderedAgain(v1alpha1.PhaseDBMigrate)
	o.Migrate = migrations.Progress{Attempt: 1, Active: true}
	if d := Decide(state.Of(o)); d.Reason == v1alpha1.ReasonQueuedBehindMigration {
		t.Errorf("migrating: %s", d.Message)
	}
}

// An approval of a plan is valid for the operator that comes after the one that made it.
func TestApprovalOutlivesTheOperator(t *testing.T) {
	o := statetest.Validated()
	o.Policy.Rehearsal, o.Policy.Approval = v1alpha1.RehearsalNever, v1alpha1.ApprovalAlways
	o.Desired.Wish, o.Stored[0].Wish, o.Status.Upgrade.Wish = "wish-b", "wish-b", "wish-b"
	o.Status.Upgrade.Touched = false
	stored := Decide(state.Of(o))
	if stored.Work.Store == nil {
		t.Fatalf("%+v", stored)
	}
	o.Stored[0].PlanHash = stored.Planned.Hash
	gate := Decide(state.Of(o))
	if gate.Wait.Approval != stored.Planned.Hash {
		t.Fatalf("%+v", gate)
	}
	o.Status = lifecycle.AtGate(state.Of(o), &gate)
	o.Desired.Hash = "c"
	if d := Decide(state.Of(o)); d.Wait.Approval != stored.Planned.Hash || d.Work.Store != nil {
		t.Errorf("another operator: %+v", d)
	}
	o.Tokens.Approve = stored.Planned.Hash
	if d := Decide(state.Of(o)); d.Move.Event != lifecycle.Migrate {
		t.Errorf("approved: %+v", d)
	}
}

// A rollout that only renders differently and failed is not tried again.
func TestRenderingThatFailedIsHeld(t *testing.T) {
	o := renderedAgain(v1alpha1.PhaseRollback)
	o.Stored[1].Wish, o.Desired.Hash = "wish-b", "b" // from a to b, the same wish
	for i := range o.Tiers {
		o.Tiers[i] = state.Tier{Exists: true, Release: "a", Fence: 5, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
	}
	o.Verify = migrations.Progress{Attempt: 1, Done: true}
	d := Decide(state.Of(o))
	if d.Move.Event != lifecycle.Restored {
		t.Fatalf("%q, want %s", d.Move.Event, lifecycle.Restored)
	}
	next, err := lifecycle.Advance(state.Of(o), &d, 10)
	if err != nil {
		t.Fatal(err)
	}
	o.Status = next
	for _, hash := range []string{"b", "c"} {
		o.Desired.Hash = hash
		if d := Decide(state.Of(o)); d.Kind == lifecycle.KindMove {
			t.Errorf("rendered as %s: %s", hash, d.Move.Event)
		}
	}
}
