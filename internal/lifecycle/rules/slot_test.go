// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// A run that begins waits for its slot. A Superset that runs what spec says stays Ready
// meanwhile. A rollback, and a run that goes on from what another has changed, never wait.
func TestRunsWaitForSlots(t *testing.T) {
	rendered := func(o *state.Observation) { o.Stored[1].Wish, o.Desired.Wish = "wish-a", "wish-a" }
	for name, c := range map[string]struct {
		phase v1alpha1.Phase
		edit  func(*state.Observation)
		busy  v1alpha1.SlotKind
		move  lifecycle.Event
		waits bool
		slot  v1alpha1.SlotKind
	}{
		"rendered, free":       {v1alpha1.PhaseReady, rendered, v1alpha1.SlotUpgrade, lifecycle.Begin, false, v1alpha1.SlotRollout},
		"rendered, busy":       {v1alpha1.PhaseReady, rendered, v1alpha1.SlotRollout, "", false, ""},
		"edited, free":         {v1alpha1.PhaseReady, func(*state.Observation) {}, v1alpha1.SlotRollout, lifecycle.Begin, false, v1alpha1.SlotUpgrade},
		"edited, busy":         {v1alpha1.PhaseReady, func(*state.Observation) {}, v1alpha1.SlotUpgrade, "", true, ""},
		"rolled back, edited":  {v1alpha1.PhaseRolledBack, func(*state.Observation) {}, v1alpha1.SlotUpgrade, "", true, ""},
		"failed, untouched":    {v1alpha1.PhaseFailed, func(o *state.Observation) { o.Status.Upgrade.Touched, o.Tokens.Retry = false, "again" }, v1alpha1.SlotUpgrade, "", true, ""},
		"failed half-way":      {v1alpha1.PhaseFailed, func(o *state.Observation) { o.Tokens.Retry = "again" }, v1alpha1.SlotUpgrade, lifecycle.Begin, false, v1alpha1.SlotUpgrade},
		"replaced in Validate": {v1alpha1.PhaseValidate, func(o *state.Observation) { o.Desired.Hash = "c" }, v1alpha1.SlotUpgrade, lifecycle.Begin, false, v1alpha1.SlotUpgrade},
		"a rollback": {v1alpha1.PhaseReady, func(o *state.Observation) {
			o.Status.Release, o.Status.PreviousRelease, o.Tokens.Rollback = "b", "a", "now"
		}, v1alpha1.SlotUpgrade, lifecycle.RollBack, false, ""},
		"a first install": {v1alpha1.PhasePending, func(o *state.Observation) { o.Status.Release, o.Status.Upgrade = "", nil }, v1alpha1.SlotUpgrade, lifecycle.Begin, false, ""},
	} {
		o := statetest.Upgrade(c.phase)
		c.edit(o)
		o.Busy = map[v1alpha1.SlotKind]string{c.busy: "1 of 1 are taken (n/web)"}
		s := state.Of(o)
		d := Decide(s)
		if d.Move.Event != c.move || (d.Reason == v1alpha1.ReasonWaitingForSlot) != c.waits {
			t.Errorf("%s: %q, %s: %s; want %q", name, d.Move.Event, d.Reason, d.Message, c.move)
		}
		if d.Slot != "" && d.Slot != c.busy || (d.Slot == "") != (c.move != "") {
			t.Errorf("%s: waits for the slot %q, %q is busy", name, d.Slot, c.busy)
		}
		if c.move == "" && !strings.Contains(d.Message, "n/web") {
			t.Errorf("%s: %s", name, d.Message)
		}
		if !d.Moves(lifecycle.Begin) {
			continue
		}
		next, err := lifecycle.Advance(s, &d, 10)
		if err != nil || next.Upgrade.Slot != c.slot {
			t.Errorf("%s: slot %q, %v; want %q", name, next.Upgrade.Slot, err, c.slot)
		}
	}
}
