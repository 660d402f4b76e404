// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// choice is how the database is migrated, and why.
type choice struct {
	strategy, fallback v1alpha1.Strategy
	why                string
	// locks is true when every table is locked before anything changes.
	locks bool
}

// chooseStrategy decides whether the previous release serves during the migration.
func chooseStrategy(s *state.Snapshot, m v1alpha1.PlannedMigrations) choice {
	if !s.Upgrades && !s.Adopts && !s.AnyTier() {
		return choice{why: "nothing is running yet"}
	}
	if c := forced(s); c.strategy != "" {
		return c
	}
	switch s.Policy.Strategy {
	case v1alpha1.StrategyDrain:
		return choice{strategy: v1alpha1.StrategyDrain, why: requested}
	case v1alpha1.StrategyRolling:
		return rollingRequested(s)
	default:
		return automatic(s, m)
	}
}

// forced is the strategy where spec has no say; the zero value where it has.
func forced(s *state.Snapshot) choice {
	switch {
	case s.Rotates && s.AnyTier():
		return choice{strategy: v1alpha1.StrategyDrain, why: "stored secrets are re-encrypted, and no release can read them with the other key"}
	case s.Reprefixes && s.AnyTier():
		return choice{strategy: v1alpha1.StrategyDrain, why: "spec.cache.keyPrefix changes: web and workers with different ones do not see each other's tasks, and tasks that are queued under the previous one do not run"}
	case s.Schema.AheadOfTarget:
		return choice{strategy: v1alpha1.StrategyRolling, why: "the schema is ahead already: there is nothing to migrate"}
	case s.Preflight.Result.PendingCount == 0:
		return choice{strategy: v1alpha1.StrategyRolling, why: "the schema does not change"}
	case !s.Upgrades && s.AnyTier():
		return choice{strategy: v1alpha1.StrategyDrain, why: "the running release was never verified"}
	default:
		return choice{}
	}
}

const requested = "requested by spec.upgrade.strategy"

// rollingRequested is Rolling as requested, with table locks where they work.
func rollingRequested(s *state.Snapshot) choice {
	c := choice{strategy: v1alpha1.StrategyRolling, why: requested}
	if why := noLocks(s); why != "" {
		c.why += "; without table locks, because " + why
		return c
	}
	c.locks = true
	return c
}

// automatic is Rolling where the previous release is known to serve during and after
// the migration.
func automatic(s *state.Snapshot, m v1alpha1.PlannedMigrations) choice {
	if why := mustDrain(s); why != "" {
		return choice{strategy: v1alpha1.StrategyDrain, why: why}
	}
	why, _ := rollback.Serves(s, s.From, s.Run.To, m)
	return choice{strategy: v1alpha1.StrategyRolling, fallback: v1alpha1.StrategyDrain, locks: true, why: cmp.Or(why, rollback.AllAdditive)}
}

// mustDrain says why nothing may serve during the migration; empty when the previous
// release may.
func mustDrain(s *state.Snapshot) string {
	if why := noLocks(s); why != "" {
		return why
	}
	from, to, path := s.From, s.Run.To, s.Preflight.Result.Path
	switch served := s.ServedOnCopy; {
	case served == v1alpha1.FindingRefused:
		return fmt.Sprintf("%s did not serve on the schema of %s in the rehearsal (status.upgrade.rehearsal)", from, to)
	case path == nil:
		return "the migrations of this image could not be classified"
	case state.Tested(from) && state.Tested(to), served == v1alpha1.FindingProven:
		return ""
	case path.NotAdditive() > 0:
		return fmt.Sprintf("%s is not tested on the schema of %s, and not all migrations are additive", cmp.Or(from, "the release that has this schema"), to)
	default:
		return ""
	}
}

// noLocks says why the tables cannot be locked before the migration; empty when they
// can.
func noLocks(s *state.Snapshot) string {
	r := s.Preflight.Result
	switch {
	case r.Database != "postgresql":
		return fmt.Sprintf("%s has no transactional DDL: a migration that fails half-way is not undone", r.Database)
	case r.Path != nil && len(r.Path.SecondConnection) > 0:
		return fmt.Sprintf("migration %s may open a second connection to the database, which would wait for the locks of the first", r.Path.SecondConnection[0])
	default:
		return ""
	}
}

// SkipsMigration is true when there is nothing to migrate and nothing to initialise: a
// config change, or a schema that is ahead after a rollback. A partially migrated schema
// is always left to the migrate Job.
func SkipsMigration(s *state.Snapshot) bool {
	unchanged := s.Preflight.Result.PendingCount == 0 && !s.Schema.HalfMigrated
	return s.Schema.AheadOfTarget || unchanged && s.Run.Kind == v1alpha1.KindConfigChange && !s.Rotates && !s.Reprefixes && !changesInit(s)
}
