// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// request is what asks for a rollback.
type request struct {
	reason, message string
	// withdraw says what to undo to stay with what runs.
	withdraw string
}

var (
	specReverted   = request{v1alpha1.ReasonSpecReverted, "spec went back to the previous release", "the edit of spec"}
	versionLowered = request{v1alpha1.ReasonSpecReverted, "spec.version was lowered to that of a stored release", "the edit of spec"}
)

// rollbackRequest answers a new rollback token.
func rollbackRequest(s *state.Snapshot) (lifecycle.Decision, bool) {
	if !rollback.Asked(s) {
		return lifecycle.Decision{}, false
	}
	r, refused := rollback.Requested(s)
	switch {
	case refused == "":
		return rollBack(s, r, request{v1alpha1.ReasonRollbackRequested,
			fmt.Sprintf("rollback to %s was requested by annotation", r.Target.Version), "the annotation " + v1alpha1.AnnotationRollback}), true
	case s.Phase == v1alpha1.PhaseValidate:
		d := move(lifecycle.Fail)
		d.Move.Failed, d.Reason, d.Tokens.Refused = true, v1alpha1.ReasonStopped, refused
		d.Message = "the run was stopped by a rollback token before anything was changed"
		return d, true
	case state.Resting(s.Phase):
		d := idle(s)
		d.Tokens.Refused = refused
		return d, true
	default:
		// There is nothing to roll back to, and the run goes on.
		return lifecycle.Decision{}, false
	}
}

// edited is what an edit of spec means during a run. Back to the previous release is a
// rollback at once; another release waits for a boundary.
func edited(s *state.Snapshot, boundary bool) (lifecycle.Decision, bool) {
	if s.Wants(s.Run.ToRelease) {
		return lifecycle.Decision{}, false
	}
	if s.Wants(s.Previous.Hash) {
		if r := rollback.To(s, s.Previous); r.Possible() {
			return rollBack(s, r, specReverted), true
		}
	}
	if boundary {
		return move(lifecycle.Begin), true
	}
	return lifecycle.Decision{}, false
}

// startRun starts a run to the desired release. A lower version that is stored is a
// rollback to it, so that reverting a commit works.
func startRun(s *state.Snapshot) lifecycle.Decision {
	if r, ok := rollback.ByVersion(s); ok {
		return rollBack(s, r, versionLowered)
	}
	if busy := s.Busy[lifecycle.SlotOf(s)]; busy != "" {
		return waitForSlot(s, busy)
	}
	return move(lifecycle.Begin)
}

// rollBack rolls back as requested. Where that loses data it waits until the user
// accepts the loss; what runs goes on meanwhile.
func rollBack(s *state.Snapshot, r rollback.Rollback, by request) lifecycle.Decision {
	if r.Accepted(s) {
		return moveBack(lifecycle.RollBack, r, by.reason, by.message)
	}
	var d lifecycle.Decision
	if state.Resting(s.Phase) {
		d = idle(s)
	} else {
		d.Work = actions.KeepAll(s)
	}
	waitFor(&d, v1alpha1.ReasonDataLossNotAccepted, r.Loss.Message+"; to keep the running release, withdraw "+by.withdraw)
	d.Wait.DataLoss = r.Loss.Token
	return d
}

// fail leaves a phase that failed: with a rollback to the previous release where
// something was changed and the user wants that, else to Failed.
func fail(s *state.Snapshot, reason, message string) lifecycle.Decision {
	d := move(lifecycle.Fail)
	d.Move.Failed, d.Reason, d.Message = true, reason, message
	if s.Phase == v1alpha1.PhaseRollback || !s.Run.Touched || s.Previous.Hash == "" || s.Policy.OnFailure == v1alpha1.OnFailureHold {
		return d
	}
	if r := rollback.To(s, s.Previous); r.Possible() && r.Accepted(s) {
		d.Move.Event, d.Move.Rollback = lifecycle.RollBack, r
	}
	return d
}

// expired fails a phase that is past its deadline, or a rollout without progress, and names
// what blocks it.
func expired(s *state.Snapshot, blocked string) lifecycle.Decision {
	message, limit := "took longer than", deadline(s)
	if judgedByProgress(s.Phase) {
		message = "made no progress for"
	}
	if tier := stalled(s); tier >= 0 && !overdue(s) {
		limit, blocked = TierDeadline(s.Policy.Deadlines, tier), cmp.Or(s.Tiers[tier].Blocked, blocked)
	}
	message = fmt.Sprintf("%s %s %s", s.Phase, message, limit)
	if blocked != "" {
		message += ": " + blocked
	}
	return fail(s, v1alpha1.ReasonDeadlineExceeded, message)
}
