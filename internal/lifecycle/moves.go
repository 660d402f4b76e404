// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
)

// move moves on an event, without a reason of its own.
func move(e Event) Decision { return Decision{Kind: KindMove, Move: Move{Event: e}} }

// moveBack moves on an event that puts a release back.
func moveBack(e Event, r rollback.Rollback, reason, message string) Decision {
	return Decision{Kind: KindMove, Reason: reason, Message: message, Move: Move{Event: e, Rollback: r}}
}

// waitFor turns a decision into a wait.
func waitFor(d *Decision, reason, message string) {
	d.Kind, d.Reason, d.Message = KindWait, reason, message
}
