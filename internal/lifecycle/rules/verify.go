// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideVerify runs the smoke tests against what runs.
func decideVerify(s *state.Snapshot) lifecycle.Decision {
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	if d, ok := edited(s, true); ok {
		return d
	}
	if found := lifecycle.FailedCheck(s); found != "" {
		return fail(s, string(migrations.ReasonCheckFailed), found)
	}
	tier := lifecycle.Misplaced(s, s.Target)
	if overdue(s) && (!s.Verify.Done || tier >= 0) {
		return expired(s, cmp.Or(s.Verify.Blocked, unanswered(s.Verify), notInPlace(s, tier)))
	}
	return runVerify(s, tier)
}

// runVerify runs the Job once every tier serves, and waits for the misplaced tier after it;
// -1 for none.
func runVerify(s *state.Snapshot, tier int) lifecycle.Decision {
	work := actions.PutAll(s, s.Target)
	if s.Target.Hash == "" {
		work = waitForStore(s, s.Run.ToRelease, "").work
	}
	if tier := lifecycle.Unasked(s, s.Target); tier >= 0 && attempts(s.Verify) {
		return stay(s, work, fmt.Sprintf("waiting until every %s pod runs %s and one is ready", state.TierNames[tier], s.Target.Version), s.Tiers[tier].Blocked)
	}
	if d, goesOn := runJob(s, s.Verify, work, verifyJob(s, s.Run.ToRelease)); goesOn {
		return d
	}
	if tier >= 0 {
		return stay(s, work, fmt.Sprintf("waiting until every %s pod runs %s again", state.TierNames[tier], s.Target.Version), s.Tiers[tier].Blocked)
	}
	return move(lifecycle.Verified)
}

// attempts is true when a Job has no attempt that runs, and another one may begin.
func attempts(p migrations.Progress) bool {
	return p.Attempt == 0 || !p.Active && !p.Done && !lifecycle.IsFinal(p)
}

// unanswered says which check got no answer in the last attempt that has ended; empty for none.
func unanswered(p migrations.Progress) string {
	for _, r := range []migrations.Result{p.Result, p.Before} {
		if r.Reason == migrations.ReasonCheckUnanswered {
			return r.Message
		}
	}
	return ""
}

// notInPlace says why a tier is not at the target; empty for no such tier, and while the
// Job is what has not ended.
func notInPlace(s *state.Snapshot, tier int) string {
	if tier < 0 || s.Verify.Attempt > 0 && !s.Verify.Done {
		return ""
	}
	return cmp.Or(s.Tiers[tier].Blocked, "a "+state.TierNames[tier]+" pod is not at the target release")
}

// verifyJob expects the recorded revision where that may be ahead of the image. A
// migration that crashed may have committed before: then either revision is right.
func verifyJob(s *state.Snapshot, release string) actions.RunJob {
	forward := s.Phase == v1alpha1.PhaseVerify && s.Upgrades
	job := actions.RunJob{Script: migrations.Verify, Release: release, AsUser: forward, Queries: forward,
		WebUnreachable: s.WebAccess == v1alpha1.WebUnreachable}
	reverts := s.Phase == v1alpha1.PhaseRollback
	switch schema := s.Status.Schema; {
	case reverts && s.Run.Rollback != nil && s.Run.Rollback.Revision != "":
		job.ExpectedRevision = s.Run.Rollback.Revision
	case schema != nil && (schema.AheadAfterRollback || reverts):
		job.ExpectedRevision = schema.Revision
		if s.Schema.Uncertain {
			job.ExpectedRevision += "," + schema.PossibleRevision
		}
	}
	return job
}
