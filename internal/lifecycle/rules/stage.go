// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// stage is the upgrade or rollback of one tier.
type stage struct {
	work actions.Work
	// done is true when nothing is left to do, and next is the event that follows.
	done bool
	next lifecycle.Event
	// message says what is done, and blocked why it cannot go on; empty when it can.
	message, blocked string
}

// follow goes on with a stage of an upgrade unless the user asks for something else: a
// rollback at once, another release at the end of the stage or when it is blocked.
func follow(s *state.Snapshot, target state.Release, next stage) lifecycle.Decision {
	if target.Hash == "" {
		next = waitForStore(s, s.Run.ToRelease, next.next)
	}
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	if d, ok := edited(s, next.done || next.blocked != ""); ok {
		return d
	}
	if next.done {
		return move(next.next)
	}
	if noProgress(s) {
		return expired(s, next.blocked)
	}
	d := stay(s, next.work, next.message, next.blocked)
	if !s.Wants(s.Run.ToRelease) {
		waitFor(&d, v1alpha1.ReasonQueuedBehindStage, d.Message+"; the new spec waits for the end of this stage")
	}
	return d
}

// waitForStore replaces a stage whose release is not stored: the cache is stale, or the
// ControllerRevision was deleted. A missing release is not one without tiers, so every
// tier stays as it is.
func waitForStore(s *state.Snapshot, hash string, next lifecycle.Event) stage {
	out := stage{work: actions.KeepAll(s), next: next, message: "waiting for the stored release",
		blocked: fmt.Sprintf("the ControllerRevision of release %s is missing", hash)}
	if s.Desired.Hash == hash { // spec still has what was in it
		out.work.Store = storeAgain(s, hash)
	}
	return out
}
