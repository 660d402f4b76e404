// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideMigrate stops the scheduler (in a Drain every tier), migrates once, and never
// leaves while a migration runs: edits and rollbacks wait.
func decideMigrate(s *state.Snapshot) lifecycle.Decision {
	if s.Migrate.Active || s.Migrating {
		return waitForSchemaJob(s)
	}
	if d, ok := rollbackRequest(s); ok {
		return d
	}
	if d, ok := edited(s, true); ok {
		return d
	}
	if s.Migrate.Done {
		return move(lifecycle.Migrated)
	}
	if d, ok := notRetried(s); ok {
		return d
	}
	if s.Migrate.Attempt == 0 && overdue(s) { // the database is as it was
		return expired(s, beforeMigration(s))
	}
	work, stopped := stopTiers(s)
	if !stopped {
		return waitUntilStopped(s, work, "waiting for the pods to end that must not run during the migration")
	}
	return late(s, changeDatabase(s, work))
}

// beforeMigration says what the migration Job waits for.
func beforeMigration(s *state.Snapshot) string {
	for tier, t := range s.Tiers {
		if actions.StopsFor(s, tier) && t.Pods > 0 {
			return fmt.Sprintf("%d %s pods have not ended", t.Pods, state.TierNames[tier])
		}
	}
	if s.Backup.Blocked != "" {
		return "the backup: " + s.Backup.Blocked
	}
	return ""
}

// changeDatabase backs up the database, if the plan says so, and migrates it.
func changeDatabase(s *state.Snapshot, work actions.Work) lifecycle.Decision {
	p := s.Run.Plan
	if p != nil && p.Backup {
		job := actions.RunJob{Script: migrations.Backup, Release: s.Run.ToRelease, Backup: rollback.BackupName(s.Status.UpgradeRevision)}
		if d, goesOn := runJob(s, s.Backup, work, job); goesOn {
			return d
		}
	}
	job := actions.RunJob{Script: migrations.Migrate, Release: s.Run.ToRelease, MaxLockTime: lockTime(s), Reencrypt: p != nil && p.Reencrypt}
	d, _ := runJob(s, s.Migrate, work, job)
	return d
}

// lockTime is how long the migration may hold the table locks; 0 when it takes none.
func lockTime(s *state.Snapshot) time.Duration {
	p := s.Run.Plan
	if p == nil || p.MaxLockTime == nil || s.Run.Strategy != v1alpha1.StrategyRolling {
		return 0
	}
	return p.MaxLockTime.Duration
}

// notRetried is true for a migration that another attempt cannot complete: it falls back
// to Drain, or has left the schema partially migrated.
func notRetried(s *state.Snapshot) (lifecycle.Decision, bool) {
	job, run := s.Migrate, s.Run
	if job.Attempt == 0 {
		return lifecycle.Decision{}, false
	}
	why := job.Result.Reason
	abandoned := why == migrations.ReasonLockBudgetExceeded || why == migrations.ReasonTablesBusy && job.Tries() >= lifecycle.MaxAttempts
	if abandoned && run.Plan != nil && run.Plan.Fallback != "" && run.Strategy == v1alpha1.StrategyRolling {
		d := move(lifecycle.FallBack)
		d.Reason, d.Message = v1alpha1.ReasonFellBack, job.Result.Message
		return d, true
	}
	if s.Schema.HalfMigrated {
		return fail(s, string(why), job.Result.Message+"; this database has no transactional DDL, so the schema may be partially migrated"), true
	}
	return lifecycle.Decision{}, false
}
