// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideValidate validates the target in its own image. Nothing that runs is changed:
// an edit replaces the run, and spec going back to the running release cancels it.
func decideValidate(s *state.Snapshot) lifecycle.Decision {
	if d, ok := replaced(s); ok {
		return d
	}
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	if reason, message := plan.Refuse(s); reason != "" {
		return fail(s, reason, message)
	}
	if overdue(s) && !validated(s) {
		d := expired(s, cmp.Or(s.NoConfig, s.Preflight.Blocked, s.BackupCheck.Blocked, s.NoClaim, s.Rehearse.Blocked))
		d.NamesClaim = plan.BacksUp(s) && s.BackupCheck.Attempt == 0 && s.NoClaim == ""
		return d
	}
	work := actions.KeepAll(s)
	if d, goesOn := validateJobs(s, work); goesOn {
		return d
	}
	return decidePlanned(s, work)
}

// validated is true once the preflight has passed, and the backup check and the rehearsal where
// there is one.
func validated(s *state.Snapshot) bool {
	return preflightPassed(s) && (s.BackupCheck.Done || !plan.BacksUp(s)) && (s.Rehearse.Done || !plan.Rehearses(s))
}

// preflightPassed is true once the preflight has found nothing in the way.
func preflightPassed(s *state.Snapshot) bool { return s.Preflight.Done || s.Schema.AheadOfTarget }

// validateJobs follows the preflight, the backup check and the rehearsal; goesOn is false once
// they are done. What may take long is the last. None begins before the release is known.
func validateJobs(s *state.Snapshot, work actions.Work) (d lifecycle.Decision, goesOn bool) {
	if s.NoConfig != "" && s.Desired.Hash == s.Run.ToRelease {
		return blocked(work, s.NoConfig), true
	}
	if d, goesOn := runJob(s, s.Preflight, work, preflightJob(s)); goesOn && !preflightPassed(s) {
		return d, true
	}
	if plan.BacksUp(s) {
		if d, goesOn := checkBackup(s, work); goesOn {
			return d, true
		}
	}
	if !plan.Rehearses(s) {
		return lifecycle.Decision{}, false
	}
	return runJob(s, s.Rehearse, work, actions.RunJob{Script: migrations.Rehearse, Release: s.Run.ToRelease, Current: s.Run.FromRelease})
}

// checkBackup follows the Job that checks whether a backup can be taken. It mounts the claim, so
// that a claim which cannot be used is reported in its place.
func checkBackup(s *state.Snapshot, work actions.Work) (d lifecycle.Decision, goesOn bool) {
	if s.NoClaim != "" && !s.BackupCheck.Done {
		return blocked(work, s.NoClaim), true
	}
	return runJob(s, s.BackupCheck, work, actions.RunJob{Script: migrations.BackupCheck, Release: s.Run.ToRelease})
}

// blocked waits for an object of the user's: a claim that a backup can use, or a ConfigMap.
func blocked(work actions.Work, message string) lifecycle.Decision {
	d := lifecycle.Decision{Work: work, Recheck: foreignRecheck}
	waitFor(&d, v1alpha1.ReasonBlocked, message)
	return d
}

// replaced is what an edit means before anything has changed.
func replaced(s *state.Snapshot) (lifecycle.Decision, bool) {
	switch {
	case s.Desired.Hash == s.Run.ToRelease:
		return lifecycle.Decision{}, false
	case !s.Run.Touched && (s.Desired.Hash == s.Status.Release || !s.Wants(s.Run.ToRelease) && s.Wants(s.Status.Release)):
		return move(lifecycle.Accept), true
	case s.Wants(s.Run.ToRelease) && plannedBefore(s):
		return lifecycle.Decision{}, false
	default:
		return startRun(s), true
	}
}

// plannedBefore is true for a target that was stored with its plan: an operator that renders
// it differently goes on with it as it is.
func plannedBefore(s *state.Snapshot) bool {
	return s.Run.PlanHash != "" && s.Target.PlanHash == s.Run.PlanHash
}

// preflightJob reads the target image and the database, and takes the baseline that
// Verify compares with: from Prometheus, and as a user from the release that serves.
func preflightJob(s *state.Snapshot) actions.RunJob {
	web := &s.Tiers[state.Web]
	return actions.RunJob{Script: migrations.Preflight, Release: s.Run.ToRelease, AsUser: s.Upgrades && web.Serves(), Queries: s.Upgrades,
		WebReady: web.Serves() && web.Ready > 0 && !s.Page.HasTraffic}
}

// foreignRecheck is when an object that cannot be used is read again: no watch reports one that
// the operator has not made.
const foreignRecheck = 30 * time.Second

// decidePlanned stores the plan with its release. After that only gates hold the run.
func decidePlanned(s *state.Snapshot, work actions.Work) lifecycle.Decision {
	if reason, message := plan.RefuseFound(s); reason != "" {
		return fail(s, reason, message)
	}
	if s.Schema.AheadOfTarget && s.Rotates {
		return fail(s, v1alpha1.ReasonSpecInvalid, "the schema is ahead of this release: its secret key can be changed once spec.version is that of the schema")
	}
	planned := plan.Planned{Plan: s.Run.Plan, Hash: s.Run.PlanHash}
	if s.Desired.Hash == s.Run.ToRelease {
		planned.Plan = plan.Make(s)
		planned.Hash = plan.Hash(s, planned.Plan)
	}
	var d lifecycle.Decision
	switch {
	case s.Target.PlanHash != planned.Hash:
		work.Store = &actions.StoreRelease{Planned: planned, Head: s.Preflight.Result.Head}
		d = stay(s, work, "storing the release", "")
	case planned.Plan.Backup && s.NoClaim != "": // nothing has been stopped yet
		d = blocked(work, s.NoClaim)
	case plan.SkipsMigration(s):
		d = move(lifecycle.SkipMigration)
	default:
		d = move(lifecycle.Migrate)
	}
	d.Planned = planned
	return d
}
