// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// handled is what status.lastHandled becomes. A run that begins handles every token that
// is set, so that a leftover token never acts on it; a token that is gone is forgotten.
func handled(s *state.Snapshot, d *lifecycle.Decision) v1alpha1.LastHandled {
	out := s.Status.LastHandled
	starts := d.Moves(lifecycle.Begin, lifecycle.RollBack)
	_, onwards := lifecycle.Gated(d.Move.Event)
	take := func(handled *string, token string, acted bool) {
		if token == "" || acted {
			*handled = token
		}
	}
	take(&out.Rollback, s.Tokens.Rollback, starts || d.Tokens.Refused != "")
	take(&out.Approve, s.Tokens.Approve, onwards && plan.Approved(s, plan.HashOf(s, d.Planned)))
	take(&out.AcceptDataLoss, s.Tokens.AcceptDataLoss, starts || d.Moves(lifecycle.NextClass) || onwards && s.Phase == v1alpha1.PhaseValidate)
	if d.Reason != v1alpha1.ReasonPaused && d.Reason != v1alpha1.ReasonWaitingForSlot { // the run that it asks for is still to begin
		out.Retry = s.Tokens.Retry
	}
	return out
}
