// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// defaultMaxLockTime is how long a migration under live traffic may hold the table
// locks. Measured upgrades held them for half a second.
const defaultMaxLockTime = 5 * time.Second

// Make works out what the run is going to do, once the preflight has passed.
func Make(s *state.Snapshot) *v1alpha1.Plan {
	p := &v1alpha1.Plan{Migrations: crossed(s), Backup: BacksUp(s), Reencrypt: s.Rotates, Rehearsal: rehearsalFindings(s)}
	c := chooseStrategy(s, p.Migrations)
	p.Strategy, p.StrategyReason, p.Fallback = c.strategy, c.why, c.fallback
	if c.locks {
		p.MaxLockTime = &metav1.Duration{Duration: cmp.Or(s.Policy.MaxLockTime, defaultMaxLockTime)}
	}
	p.Rollback, p.RollbackReason = rollbackClass(s, p)
	p.Steps = steps(s, p)
	p.Downtime, p.Notes = downtime(s, p), notes(s)
	return p
}

// crossed counts the migrations of the run.
func crossed(s *state.Snapshot) v1alpha1.PlannedMigrations {
	r := s.Preflight.Result
	m := v1alpha1.PlannedMigrations{Count: r.PendingCount}
	m.Unknown = r.Path == nil && r.PendingCount > 0 && (s.Upgrades || s.Adopts) || crossedBefore(s)
	if r.Path != nil {
		m.Additive, m.DataChanging, m.Destructive, m.UnknownCount = r.Path.Additive, r.Path.DataChanging, r.Path.Destructive, r.Path.Unknown
		m.Irreversible = r.Path.DowngradeEmpty + r.Path.DowngradeLossy
	}
	return m
}

// crossedBefore is true when a run that this one replaces has changed the schema: its
// migrations are not among those of this run.
func crossedBefore(s *state.Snapshot) bool {
	found := s.Run.FromRevision
	return found != "" && found != s.Preflight.Result.Revision
}

// BacksUp is true when the run takes a backup before it migrates. A database that was
// never migrated has nothing to lose. A partially migrated one is not backed up: under
// its recorded revision that backup would replace the one that a rollback needs.
func BacksUp(s *state.Snapshot) bool {
	r := s.Preflight.Result
	changes := r.PendingCount > 0 || s.Rotates
	return s.Policy.Backup && r.Revision != "" && changes && !s.Schema.HalfMigrated && !s.Schema.AheadOfTarget
}

// rollbackClass is how the run can be taken back once its migration is done.
func rollbackClass(s *state.Snapshot, p *v1alpha1.Plan) (v1alpha1.RollbackClass, string) {
	r := s.Preflight.Result
	switch {
	case s.Adopts && r.PendingCount > 0:
		return rollbackOfAdopted(p)
	case !s.Upgrades:
		return v1alpha1.RollbackNone, "there is no earlier release"
	case s.Previous.Hash == "":
		return v1alpha1.RollbackFrozen, rollback.Missing(s.Run.FromRelease, s.Run.From)
	case s.Previous.Database != s.Desired.Database:
		return v1alpha1.RollbackNone, s.Previous.Version + " uses another database: set spec.database back to return to it"
	}
	return classAfterMigration(s, p)
}

// classAfterMigration is the class for a run that started from a stored release.
func classAfterMigration(s *state.Snapshot, p *v1alpha1.Plan) (v1alpha1.RollbackClass, string) {
	r := s.Preflight.Result
	saved := savesFoundSchema(s, p)
	class, why := schemaRollback(s, p, saved)
	switch {
	case p.Reencrypt && class == v1alpha1.RollbackImage:
		return v1alpha1.RollbackDowngrade, why + "; stored secrets are re-encrypted with the previous key"
	case r.PendingCount > 0 && r.Database != "postgresql" && !saved:
		return class, why + "; a migration that fails half-way needs a backup of your own, because the database has no transactional DDL"
	default:
		return class, why
	}
}

// rollbackOfAdopted is the class of a run that migrates a database of somebody else. There is
// no earlier release that could serve on the newer schema, or that could be put back.
func rollbackOfAdopted(p *v1alpha1.Plan) (v1alpha1.RollbackClass, string) {
	const noRelease = "this Superset has no earlier release to put back"
	if p.Backup {
		return v1alpha1.RollbackRestore, noRelease + "; the backup of the run has the schema that it found"
	}
	return v1alpha1.RollbackFrozen, noRelease + ", and there is no backup: set spec.upgrade.backup"
}

// savesFoundSchema is true when there will be a backup of the schema that the run found: its
// own, or that of the run which it replaces.
func savesFoundSchema(s *state.Snapshot, p *v1alpha1.Plan) bool {
	return p.Backup && !crossedBefore(s) || rollback.BackupFor(s, s.Previous, s.Run.FromRevision).Name != ""
}

// schemaRollback is how the schema change of the run can be taken back. saved is true when
// there will be a backup of the schema that the run found.
func schemaRollback(s *state.Snapshot, p *v1alpha1.Plan, saved bool) (v1alpha1.RollbackClass, string) {
	run, r := s.Run, s.Preflight.Result
	if changes := r.PendingCount > 0 || crossedBefore(s); !changes || s.Schema.AheadOfTarget {
		return v1alpha1.RollbackImage, "the schema does not change"
	}
	o := rollback.Options{Backup: saved, Downgrade: true, Rehearsed: rollback.DowngradeRehearsed(s, cmp.Or(run.FromRevision, r.Revision))}
	o.WhyServes, o.WhyNot = rollback.Serves(s, run.From, run.To, p.Migrations)
	return rollback.Choose(s.Policy.Rollback, o)
}
