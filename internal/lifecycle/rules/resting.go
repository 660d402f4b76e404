// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// decideReady waits for a change of the desired release.
func decideReady(s *state.Snapshot) lifecycle.Decision {
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	if s.Desired.Hash != s.Status.Release { // another wish, or another rendering of it
		return startRun(s)
	}
	return idle(s)
}

// decideRolledBack does not try the release that was rolled back again until spec
// changes or a retry token is set.
func decideRolledBack(s *state.Snapshot) lifecycle.Decision {
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	switch {
	case retryAsked(s):
		return startRun(s)
	case s.Wants(s.Run.HeldRelease):
		return idle(s)
	case s.Wants(s.Status.Release):
		return move(lifecycle.Accept)
	default:
		return startRun(s)
	}
}

// decideFailed waits for a retry or rollback token, or for an edit. A failed rollback
// that is retried is a rollback again.
func decideFailed(s *state.Snapshot) lifecycle.Decision {
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	switch {
	case retryAsked(s), nowAllowed(s):
		return startRun(s)
	case !s.Wants(s.Run.ToRelease) && !s.Wants(s.Run.HeldRelease):
		return editAfterFailure(s)
	default:
		return waitAfterFailure(s)
	}
}

// retryAsked is true while a retry token is set that was not handled.
func retryAsked(s *state.Snapshot) bool {
	return s.Tokens.Retry != "" && s.Tokens.Retry != s.Status.LastHandled.Retry
}

// nowAllowed is true when the version rules refused the target and allow it now. The
// policy is not part of the release, so the wish is the same.
func nowAllowed(s *state.Snapshot) bool {
	f := s.Run.Failure
	if f == nil || !s.Wants(s.Run.ToRelease) {
		return false
	}
	switch f.Reason {
	case v1alpha1.ReasonUnsupportedVersion, v1alpha1.ReasonVersionSkip, v1alpha1.ReasonDowngradeRefused:
		reason, _ := plan.Refuse(s)
		return reason == ""
	default:
		return false
	}
}

// editAfterFailure is what an edit means after a failure.
func editAfterFailure(s *state.Snapshot) lifecycle.Decision {
	switch {
	case s.Run.Touched && s.Wants(s.Previous.Hash):
		if r := rollback.To(s, s.Previous); r.Possible() {
			return rollBack(s, r, specReverted)
		}
	case !s.Run.Touched && s.Wants(s.Status.Release):
		return move(lifecycle.Accept)
	}
	return startRun(s)
}

// waitAfterFailure keeps everything as it is. Where a rollback needs only the acceptance
// of a data loss, the token starts it.
func waitAfterFailure(s *state.Snapshot) lifecycle.Decision {
	d := idle(s)
	started := rollback.StartedFrom(s)
	if !s.Run.Touched || started.Hash == "" {
		return d
	}
	switch r := rollback.To(s, started); {
	case r.Loss.Token != "" && r.Accepted(s):
		return moveBack(lifecycle.RollBack, r, v1alpha1.ReasonRollbackRequested, "the data loss was accepted by annotation")
	case r.Loss.Token != "":
		waitFor(&d, v1alpha1.ReasonDataLossNotAccepted, r.Loss.Message)
		d.Wait.DataLoss = r.Loss.Token
	case !r.Possible():
		waitFor(&d, string(r.How.Class), "rollback is not available: "+r.How.Reason)
	}
	return d
}
