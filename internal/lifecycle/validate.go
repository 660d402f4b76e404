// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideValidate proves the target in its own image. Nothing that runs is
// touched: an edit supersedes the run, and spec going back to what runs
// cancels it without a trace.
func decideValidate(o *Observation) Decision {
	if d, ok := superseded(o); ok {
		return d
	}
	if d, ok := rollbackToken(o); ok {
		return d
	}
	if no := refuse(o); no.reason != "" {
		return fail(o, no.reason, no.message)
	}
	if overdue(o) && !isTried(o) {
		return expired(o, cmp.Or(o.Preflight.Blocked, o.Rehearse.Blocked))
	}
	var work Work
	work.keepAll(o)
	if d, goesOn := runJob(o, o.Preflight, work, preflightJob(o)); goesOn && !isProven(o) {
		return d
	}
	if d, goesOn := tryOnCopy(o, work); goesOn {
		return d
	}
	return decidePlanned(o, work)
}

// preflightJob asks the target's image, Prometheus, and as a user what the release
// answers that serves.
func preflightJob(o *Observation) Action {
	serving := o.Tiers[Web].Exists && o.Tiers[Web].Mode == v1alpha1.ModeServe
	return Action{Kind: RunJob, Script: migrations.Preflight, Release: o.run().ToRelease, Fence: o.Status.UpgradeRevision, AsUser: asUser(o) && serving, Queries: asUser(o)}
}

// isProven is true once the preflight found nothing in the way.
func isProven(o *Observation) bool { return o.Preflight.Done || aheadByUs(o) }

// isTried is true once that holds of the rehearsal too, where there is to be one.
func isTried(o *Observation) bool { return isProven(o) && (o.Rehearse.Done || !rehearses(o)) }

// decidePlanned stores the plan with its release; then the way is free, but for
// the gates.
func decidePlanned(o *Observation, work Work) Decision {
	if aheadByUs(o) && rotates(o) {
		return fail(o, v1alpha1.ReasonSpecInvalid, "the schema is ahead of this release: its secret key can be changed once spec.version is that of the schema")
	}
	plan := planOf(o)
	hash := planHash(o, plan)
	var d Decision
	if o.stored(o.run().ToRelease).Plan == hash {
		d = Decision{Move: afterValidate(o)}
	} else {
		work.add(Action{Kind: StoreRelease, Plan: plan, PlanHash: hash, Head: o.Preflight.Result.Head})
		d = wait(o, work, "storing the release", "")
	}
	d.Plan, d.PlanHash = plan, hash
	return d
}

// superseded is what an edit means before anything was touched.
func superseded(o *Observation) (Decision, bool) {
	switch run := o.run(); {
	case o.Desired.Hash == run.ToRelease:
		return Decision{}, false
	case !run.Touched && o.Desired.Hash == o.Status.Release:
		return Decision{Move: Accept}, true
	default:
		return changed(o), true
	}
}

// aheadByUs is true when the database is ahead of the target's image by our own
// doing: an Image rollback left exactly that revision.
func aheadByUs(o *Observation) bool {
	s, r := o.Status.Schema, o.Preflight.Result
	return s != nil && s.AheadAfterRollback && r.Reason == migrations.ReasonDatabaseAhead && r.Revision == s.Revision
}

// rotates is true when what is stored is encrypted with the key before, and the
// target has both.
func rotates(o *Observation) bool {
	d := o.Desired
	if d.PreviousKey == "" || d.PreviousKey == d.Key {
		return false
	}
	keys := keysNow(o)
	return keys[0] == "" || keys[0] == d.PreviousKey || keys[1] == d.PreviousKey
}

// afterValidate skips the migration when there is nothing to migrate and
// nothing to initialise: a config change, or a schema that is ahead. One that was
// left half changed is looked at by the Job that changes it.
func afterValidate(o *Observation) Event {
	stays := o.Preflight.Result.PendingCount == 0 && !halfMigrated(o)
	if aheadByUs(o) || stays && o.run().Kind == v1alpha1.KindConfigChange && !rotates(o) {
		return SkipMigration
	}
	return Migrate
}
