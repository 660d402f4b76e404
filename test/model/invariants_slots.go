// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// I16.
func beginsInSlot(c *change) string {
	if !c.writes() || c.by.write.event != lifecycle.Begin {
		return ""
	}
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	kind := slotNeeded(was, is)
	switch {
	case kind == "":
		return ""
	case is.full.Upgrade.Slot != kind:
		return fmt.Sprintf("a run that needs a slot of kind %s takes one of kind %q", kind, is.full.Upgrade.Slot)
	case c.before.slots&(1<<slices.Index(slotKinds, kind)) != 0:
		return fmt.Sprintf("a run begins although no slot of kind %s is free", kind)
	default:
		return ""
	}
}

// slotNeeded is the slot that a run needs to begin. A first install needs none, and neither does a run
// that continues what another has changed.
func slotNeeded(was, is *status) v1alpha1.SlotKind {
	switch {
	case was.release == none, !was.phase.resting(), was.phase == pFailed && was.touched:
		return ""
	case is.to.wish() == was.release.wish():
		return v1alpha1.SlotRollout
	default:
		return v1alpha1.SlotUpgrade
	}
}

// L4, the tokens: the run that a token asks for must begin later.
func keepsToken(c *change) string {
	if !c.writes() || c.by.write.kind != writeStatus || !c.by.verdict.decision.slot {
		return ""
	}
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	if was.phase != pReady && was.full.LastHandled.Retry != is.full.LastHandled.Retry {
		return "a retry token is handled, but its run waits for a slot"
	}
	return ""
}

// L4, the slots: other Supersets release theirs, so an idle Superset does not wait for one.
func releasesSlot(m *model, s *state) string {
	u, d := m.supersets.items[s.live.superset], m.decidedIn(s)
	is := &v1alpha1.Superset{Spec: v1alpha1.SupersetSpec{Paused: u.paused}, Status: *m.statuses[u.status].full}
	if d.gate || d.loss != 0 { // a condition, which the model leaves out of the status
		is.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAwaitingApproval, Status: metav1.ConditionTrue}}
	}
	switch held := lifecycle.HoldsSlot(is); {
	case held != "":
		return fmt.Sprintf("an idle Superset holds a slot of kind %s", held)
	case d.slot:
		return "a run waits for a slot, although one is free"
	default:
		return ""
	}
}
