// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// move moves on an event, without a reason of its own.
func move(e lifecycle.Event) lifecycle.Decision {
	return lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: e}}
}

// moveBack moves on an event that puts a release back.
func moveBack(e lifecycle.Event, r rollback.Rollback, reason, message string) lifecycle.Decision {
	return lifecycle.Decision{Kind: lifecycle.KindMove, Reason: reason, Message: message, Move: lifecycle.Move{Event: e, Rollback: r}}
}

// waitFor turns a decision into a wait.
func waitFor(d *lifecycle.Decision, reason, message string) {
	d.Kind, d.Reason, d.Message = lifecycle.KindWait, reason, message
}

// stay remains in the phase. message says what is done, and blocked what is in the way;
// empty for nothing.
func stay(s *state.Snapshot, work actions.Work, message, blocked string) lifecycle.Decision {
	d := lifecycle.Decision{Work: work, Message: message}
	if !overdue(s) {
		d.Recheck = max(min(deadline(s)-spent(s), nextFold(s)), time.Second)
	}
	if left := settling(s); left > 0 && stalled(s) >= 0 {
		d.Recheck = min(d.Recheck, left)
	}
	if blocked != "" {
		waitFor(&d, v1alpha1.ReasonBlocked, message+": "+blocked)
	}
	return d
}
