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
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideRollback reverts the database as the class says, and then the tiers. Producers
// of tasks are first, so that no older worker gets a task that it drops: the scheduler
// is held, web is rolled back, then the workers, then the scheduler is released.
func decideRollback(s *state.Snapshot) lifecycle.Decision {
	if s.Migrating {
		return waitForSchemaJob(s)
	}
	next := nextTier(s, s.RollbackTarget)
	if s.RollbackTarget.Hash == "" {
		next = waitForStore(s, s.Run.RollbackRelease, "")
	} else if s.Schema.Reverting {
		return queued(s, revertDatabase(s))
	}
	if next.done {
		return verifyRollback(s, next.work)
	}
	if overdue(s) {
		return expired(s, next.blocked)
	}
	return queued(s, stay(s, next.work, next.message, next.blocked))
}

// revertDatabase stops every tier, and downgrades or restores the database.
func revertDatabase(s *state.Snapshot) lifecycle.Decision {
	if p := s.Schema.Job; p.Attempt > 0 && lifecycle.IsFinal(p) {
		return nextClass(s, p)
	}
	if why := rollback.Lost(s); why != "" {
		return fail(s, v1alpha1.ReasonBackupLost, why)
	}
	job := revertJob(s)
	if s.StoredRelease(job.Release).Hash == "" {
		missing := waitForStore(s, job.Release, "")
		return late(s, stay(s, missing.work, missing.message, missing.blocked))
	}
	if d, goesOn := checkRestore(s, job); goesOn {
		return d
	}
	work, stopped := stopTiers(s)
	if !stopped {
		return waitUntilStopped(s, work, "waiting for every pod that uses the database to end")
	}
	d, _ := runJob(s, s.Schema.Job, work, job)
	return late(s, d)
}

// checkRestore follows the Job that checks a restore before anything stops for it.
func checkRestore(s *state.Snapshot, restore actions.RunJob) (d lifecycle.Decision, goesOn bool) {
	if !actions.ChecksRestore(s) {
		return lifecycle.Decision{}, false
	}
	if overdue(s) {
		return expired(s, s.RestoreCheck.Blocked), true
	}
	restore.Script = migrations.RestoreCheck
	return runJob(s, s.RestoreCheck, actions.KeepAll(s), restore)
}

// revertJob is the Job that downgrades or restores the database.
func revertJob(s *state.Snapshot) actions.RunJob {
	switch how := s.Run.Rollback; how.Class {
	case v1alpha1.RollbackDowngrade:
		return actions.RunJob{Script: migrations.Downgrade, Revision: how.Revision, Release: how.Release, Reencrypt: how.Reencrypt}
	case v1alpha1.RollbackRestore:
		return actions.RunJob{Script: migrations.Restore, Revision: how.Revision, Release: s.Run.RollbackRelease, Backup: how.Backup}
	case v1alpha1.RollbackImage, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone: // they revert nothing
	}
	return actions.RunJob{}
}

// nextClass goes on with the next safe class after a Downgrade that failed; without one
// the run fails.
func nextClass(s *state.Snapshot, p migrations.Progress) lifecycle.Decision {
	if s.Run.Rollback.Class == v1alpha1.RollbackDowngrade && s.Run.Rollback.FellBack == "" {
		without := *s
		without.DowngradeFailed = lifecycle.WhyFellBack(p)
		r := rollback.To(&without, s.RollbackTarget)
		if r.Possible() && r.Accepted(s) && !r.How.Reencrypt {
			return moveBack(lifecycle.NextClass, r, v1alpha1.ReasonNextClass, fmt.Sprintf("Downgrade failed (%s: %s); continuing with %s: %s",
				p.Result.Reason, p.Result.Message, r.How.Class, r.How.Reason))
		}
	}
	return fail(s, string(p.Result.Reason), p.Result.Message)
}

// nextTier is the first step of rolling back the tiers that is not done.
func nextTier(s *state.Snapshot, target state.Release) stage {
	next := stage{work: actions.KeepAll(s)}
	schedulerServes := actions.Released(s, target)
	if !schedulerServes && !actions.Held(s, state.Scheduler, target) {
		next.message, next.blocked = fmt.Sprintf("holding the scheduler at %s", target.Version), s.Tiers[state.Scheduler].Leaving
		actions.Put(s, &next.work, state.Scheduler, target, v1alpha1.ModeHold)
		return next
	}
	for _, tier := range []int{state.Web, state.Worker} {
		actions.Put(s, &next.work, tier, target, v1alpha1.ModeServe)
		if actions.Serving(s, tier, target) {
			continue
		}
		next.message, next.blocked = fmt.Sprintf("rolling back web and workers to %s", target.Version), s.Tiers[tier].Blocked
		mode := v1alpha1.ModeHold
		if schedulerServes {
			mode = v1alpha1.ModeServe
		}
		actions.Put(s, &next.work, state.Scheduler, target, mode)
		return next
	}
	actions.Put(s, &next.work, state.Scheduler, target, v1alpha1.ModeServe)
	next.message, next.blocked = fmt.Sprintf("releasing the scheduler at %s", target.Version), s.Tiers[state.Scheduler].Blocked
	next.done = actions.Serving(s, state.Scheduler, target) && !s.Page.HasTraffic
	return next
}

// verifyRollback runs the smoke tests against the release that was put back.
func verifyRollback(s *state.Snapshot, work actions.Work) lifecycle.Decision {
	if overdue(s) && !s.Verify.Done {
		return expired(s, cmp.Or(s.Verify.Blocked, unanswered(s.Verify)))
	}
	if d, goesOn := runJob(s, s.Verify, work, verifyJob(s, s.RollbackTarget.Hash)); goesOn {
		return queued(s, d)
	}
	if s.Wants(s.RollbackTarget.Hash) && !s.Wants(s.Run.HeldRelease) {
		return move(lifecycle.Reverted)
	}
	return move(lifecycle.Restored)
}

// queued reports an edit that waits for the end of the rollback, and refuses another
// rollback meanwhile.
func queued(s *state.Snapshot, d lifecycle.Decision) lifecycle.Decision {
	if d.Kind != lifecycle.KindMove && !s.Wants(s.Run.HeldRelease) && !s.Wants(s.Run.RollbackRelease) {
		waitFor(&d, v1alpha1.ReasonQueuedBehindRollback, d.Message+"; the new spec waits until the rollback has ended")
	}
	if rollback.Asked(s) {
		d.Tokens.Refused = "a rollback is already under way"
	}
	return d
}
