// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// waitForSlot keeps what runs until another run has ended. A Superset that runs what spec
// says stays Ready: only the operator wants something of it.
func waitForSlot(s *state.Snapshot, busy string) lifecycle.Decision {
	d, message := idle(s), "waiting for a slot to begin: "+busy
	d.Slot = lifecycle.SlotOf(s)
	if s.Phase == v1alpha1.PhaseReady && s.Wants(s.Status.Release) {
		if d.Kind == lifecycle.KindWork {
			d.Message = message
		}
		return d
	}
	waitFor(&d, v1alpha1.ReasonWaitingForSlot, message)
	return d
}
