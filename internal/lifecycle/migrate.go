// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

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
	if p.Done || migratedAtGate(o) {
		return Decision{Move: Migrated}
	}
	if d, ok := givenUp(o); ok {
		return d
	}
	work, quiet := quiesce(o)
	if !quiet {
		d := wait(o, work, "waiting until the pods that must not run beside the migration have ended", "")
		d.Recheck = earlier(d.Recheck, pageGrace-o.elapsed())
		return late(o, d)
	}
	return late(o, changeDatabase(o, work))
}

// changeDatabase backs the database up, if the plan says so, and migrates it.
func changeDatabase(o *Observation, work Work) Decision {
	run, next := o.run(), Action{Kind: RunJob, Release: o.run().ToRelease, Fence: o.Status.UpgradeRevision}
	if run.Plan != nil && run.Plan.Backup {
		next.Script, next.Backup = migrations.Backup, backupName(o.Status.UpgradeRevision)
		if o.Backup.Blocked != "" && overdue(o) { // nothing has changed, and it may never start
			return expired(o, "the backup: "+o.Backup.Blocked)
		}
		if d, goesOn := runJob(o, o.Backup, work, next); goesOn {
			return d
		}
	}
	next.Script, next.Backup, next.MaxLock = migrations.Migrate, "", lockTime(o)
	next.Reencrypt = run.Plan != nil && run.Plan.Reencrypt
	d, _ := runJob(o, o.Migrate, work, next)
	return d
}

// migratedAtGate is true when the migration had succeeded before the machine
// began to wait at a gate: its Job and pod may be gone by now.
func migratedAtGate(o *Observation) bool {
	s, head := o.Status.Schema, o.run().Head
	return waited(o) && s != nil && head != "" && s.Revision == head
}

// lockTime is how long the migration may hold the tables; 0 when it takes no
// locks of its own.
func lockTime(o *Observation) time.Duration {
	run := o.run()
	if run.Plan == nil || run.Plan.MaxLockTime == nil || run.Strategy != v1alpha1.StrategyRolling {
		return 0
	}
	return run.Plan.MaxLockTime.Duration
}

// givenUp is true for a migration that is not simply tried again: it falls back
// to Drain, or has left the schema half changed.
func givenUp(o *Observation) (Decision, bool) {
	if d, ok := fallBack(o); ok {
		return d, true
	}
	if p := o.Migrate; p.Attempt > 0 && !p.Active {
		if schema, _ := schemaNow(o); schema.HalfMigrated {
			return fail(o, string(p.Result.Reason), p.Result.Message+
				"; this database has no transactional DDL, so the schema may be half changed"), true
		}
	}
	return Decision{}, false
}

// fallBack gives up a migration beside live traffic that held the tables too
// long, or never got them, where the plan permits it.
func fallBack(o *Observation) (Decision, bool) {
	run, p := o.run(), o.Migrate
	if run.Plan == nil || run.Plan.Fallback == "" || run.Strategy != v1alpha1.StrategyRolling || p.Attempt == 0 {
		return Decision{}, false
	}
	why := p.Result.Reason
	if why == migrations.ReasonLockBudgetExceeded || why == migrations.ReasonTablesBusy && p.Tries() >= maxAttempts {
		return Decision{Move: FallBack, Reason: v1alpha1.ReasonFellBack, Message: p.Result.Message}, true
	}
	return Decision{}, false
}

// migrating waits for the migration, whatever else is asked for meanwhile.
func migrating(o *Observation) Decision {
	var work Work
	work.keepAll(o)
	p, doing := changing(o), "migrating the database"
	if o.phase() == rollback {
		doing = "taking the database back"
	}
	d := wait(o, work, doing, p.Blocked)
	if before := p.Before; before.Reason != "" && !d.Waiting {
		d.Waiting, d.Reason = true, string(before.Reason)
		d.Message += "; the attempt before: " + before.Message
	} else if d.Waiting {
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
	work.front(o)
	quiet = true
	for tier := range o.Tiers {
		if !quieted(o, tier) {
			work.keep(o, tier)
			continue
		}
		if tier == Web && pageComes(o) {
			work.keep(o, tier)
			quiet = false
			continue
		}
		work.hold(o, tier)
		t := o.Tiers[tier]
		stopped := !t.Exists || t.Mode == v1alpha1.ModeHold && t.Fence == o.Status.UpgradeRevision && t.Current
		quiet = quiet && stopped && t.Pods == 0
	}
	return work, quiet
}
