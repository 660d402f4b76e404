// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
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
