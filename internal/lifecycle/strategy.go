// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// choice is how the database is migrated, and why.
type choice struct {
	strategy, fallback v1alpha1.Strategy
	why                string
	// locks is true when every table is locked before anything changes.
	locks bool
}

// chooseStrategy decides whether the old release serves beside the migration.
func chooseStrategy(o *Observation) choice {
	run, r := o.run(), o.Preflight.Result
	if run.FromRelease == "" && !anyTier(o) {
		return choice{why: "nothing serves yet"}
	}
	switch {
	case rotates(o) && anyTier(o):
		return choice{strategy: v1alpha1.StrategyDrain, why: "what is stored is encrypted anew, and each key reads its own alone"}
	case aheadByUs(o):
		return choice{strategy: v1alpha1.StrategyRolling, why: "the schema is ahead already: there is nothing to migrate"}
	case r.PendingCount == 0:
		return choice{strategy: v1alpha1.StrategyRolling, why: "the schema stays as it is"}
	case run.FromRelease == "":
		return choice{strategy: v1alpha1.StrategyDrain, why: "what runs was never verified"}
	case o.Policy.Strategy == v1alpha1.StrategyDrain:
		return choice{strategy: v1alpha1.StrategyDrain, why: "spec.upgrade.strategy asks for it"}
	case o.Policy.Strategy == v1alpha1.StrategyRolling:
		return asWritten(o)
	default:
		return byItself(o)
	}
}

// byItself is Rolling where the old release is known to serve beside the
// migration.
func byItself(o *Observation) choice {
	if why := mustDrain(o); why != "" {
		return choice{strategy: v1alpha1.StrategyDrain, why: why}
	}
	return choice{strategy: v1alpha1.StrategyRolling, fallback: v1alpha1.StrategyDrain, locks: true, why: maySurvive(o)}
}

func anyTier(o *Observation) bool {
	return o.Tiers[Scheduler].Exists || o.Tiers[Worker].Exists || o.Tiers[Web].Exists
}

// asWritten is Rolling on the user's word, with the table locks where they work.
func asWritten(o *Observation) choice {
	c := choice{strategy: v1alpha1.StrategyRolling, why: "spec.upgrade.strategy asks for it"}
	if why := noLocks(o); why != "" {
		c.why += "; without table locks, for " + why
		return c
	}
	c.locks = true
	return c
}

// noLocks is why the tables cannot be locked before the migration; empty when
// they can.
func noLocks(o *Observation) string {
	r := o.Preflight.Result
	switch {
	case r.Database != "postgresql":
		return fmt.Sprintf("%s has no transactional DDL: what fails half-way cannot be taken back", r.Database)
	case r.Path != nil && len(r.Path.SecondConnection) > 0:
		return fmt.Sprintf("migration %s opens a second connection to the database, which would wait for the locks of the first", r.Path.SecondConnection[0])
	default:
		return ""
	}
}

// mustDrain is why nothing may serve beside the migration; empty when the old
// release may.
func mustDrain(o *Observation) string {
	if why := noLocks(o); why != "" {
		return why
	}
	run, path := o.run(), o.Preflight.Result.Path
	switch served := servedOnCopy(o); {
	case served == v1alpha1.FindingRefused:
		return fmt.Sprintf("in the rehearsal %s did not serve on the schema of %s (status.upgrade.rehearsal)", run.From, run.To)
	case path == nil:
		return "the migrations of this image could not be classified"
	case Measured(run.From) && Measured(run.To), served == v1alpha1.FindingProven:
		return ""
	case path.DataChanging+path.Destructive > 0:
		return fmt.Sprintf("nobody has measured that %s serves on the schema of %s, and not all migrations are additive", run.From, run.To)
	default:
		return ""
	}
}

// maySurvive is why the old release may serve beside the migration.
func maySurvive(o *Observation) string {
	return cmp.Or(survives(o, o.run().From, o.run().To, planned(o)), "all migrations are additive, by their text")
}
