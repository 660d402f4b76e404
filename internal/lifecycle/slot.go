// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// SlotOf is what a run that begins now counts as; empty for one that never waits: a first
// install, and one that goes on from what another has changed.
func SlotOf(s *state.Snapshot) v1alpha1.SlotKind {
	continues := s.Phase == v1alpha1.PhaseFailed && s.Run.Touched
	switch {
	case s.Status.Release == "" || continues || state.Moving(s.Phase):
		return ""
	case s.Wants(s.Status.Release):
		return v1alpha1.SlotRollout
	default:
		return v1alpha1.SlotUpgrade
	}
}

// slot is what the run counts as. One that replaces another keeps its slot.
func (n *draft) slot() v1alpha1.SlotKind {
	if kind := SlotOf(n.s); kind != "" || n.s.Status.Release == "" {
		return kind
	}
	if n.s.Wants(n.s.Status.Release) {
		return v1alpha1.SlotRollout
	}
	return v1alpha1.SlotUpgrade
}

// HoldsSlot is what the run of a Superset occupies; empty for nothing. One that waits for a
// person or a window holds none, and neither does one whose rollback waits until a loss of
// data is accepted.
func HoldsSlot(s *v1alpha1.Superset) v1alpha1.SlotKind {
	if s.Status.Upgrade == nil || !state.Moving(s.Status.Phase) || s.Spec.Paused || s.DeletionTimestamp != nil {
		return ""
	}
	if n := len(s.Status.Upgrade.Phases); n > 0 && s.Status.Upgrade.Phases[n-1].Seconds != nil {
		return "" // at a gate
	}
	if meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionAwaitingApproval) {
		return ""
	}
	return s.Status.Upgrade.Slot
}
