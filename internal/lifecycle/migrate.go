// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideMigrate stops the scheduler (and, in a Drain, every tier), migrates
// once, and never leaves while a migration runs: edits and rollbacks wait.
func decideMigrate(o *Observation) Decision {
	p := o.Migrate
	if p.Active || o.Migrating {
		return migrating(o)
	}
	if d, ok := rollbackToken(o); ok {
		return d
	}
	if d, ok := edited(o, true); ok {
		return d
	}
	if p.Done {
		return Decision{Move: Migrated}
	}
	work, quiet := quiesce(o)
	if !quiet {
		return late(o, wait(o, work, "waiting until the pods that must not run beside the migration have ended", ""))
	}
	next := Action{Kind: RunJob, Script: migrations.Migrate, Release: o.run().ToRelease, Fence: o.Status.UpgradeRevision}
	if p.Attempt > 0 && interrupted(o) {
		return fail(o, string(p.Result.Reason), p.Result.Message+
			"; this database has no transactional DDL, so the schema may be half changed: compare it with your backup before you retry")
	}
	d, _ := runJob(o, p, work, next)
	return late(o, d)
}

// migrating waits for the migration, whatever else is asked for meanwhile.
func migrating(o *Observation) Decision {
	var work Work
	work.keepAll(o)
	d := wait(o, work, "migrating the database", o.Migrate.Blocked)
	if d.Waiting {
		d.Message += "; the Job is never ended by the operator: mend the cause, or delete the Job to let go of it"
	}
	if o.Desired.Hash != o.run().ToRelease || rollbackAsked(o) {
		d.Waiting, d.Reason = true, v1alpha1.ReasonQueuedBehindMigration
		d.Message += "; the new spec or rollback waits until the migration has ended"
	}
	return late(o, d)
}

// late says that the phase is past its deadline. It is only said: a Job that
// changes the schema is not killed for being slow.
func late(o *Observation, d Decision) Decision {
	if d.Move == "" && overdue(o) && !d.Waiting {
		d.Waiting, d.Reason = true, v1alpha1.ReasonOverdue
		d.Message += " (longer than " + deadline(o).String() + ", and not killed for it)"
	}
	return d
}

// quiesce holds what must not run beside the migration; quiet is true when
// none of its pods is left.
func quiesce(o *Observation) (work Work, quiet bool) {
	work.add(Action{Kind: ApplyService})
	quiet = true
	for tier := range o.Tiers {
		if !quieted(o, tier) {
			work.keep(o, tier)
			continue
		}
		work.hold(o, tier)
		t := o.Tiers[tier]
		stopped := !t.Exists || t.Mode == v1alpha1.ModeHold && t.Fence == o.Status.UpgradeRevision && t.Current
		quiet = quiet && stopped && t.Pods == 0
	}
	return work, quiet
}

// interrupted is true when a migration ended without a result on a database
// that may have been left between two schemas.
func interrupted(o *Observation) bool {
	s := o.Status.Schema
	return o.Migrate.Result.Reason == migrations.ReasonJobCrashed && (s == nil || s.Database != "postgresql")
}
