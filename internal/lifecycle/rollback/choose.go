// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Options are the facts that the choice of a class rests on.
type Options struct {
	// WhyServes says why the older release serves on the newer schema; empty when that
	// is not known. WhyNot is the reason then.
	WhyServes, WhyNot string
	// Downgrade is true when a stored release has the migration scripts, and no
	// downgrade of this rollback has failed yet.
	Downgrade bool
	// Rehearsed is true when a rehearsal has proven this downgrade on a copy.
	Rehearsed bool
	// Backup is true when there is a backup of the older schema, or will be. NoBackup says
	// that there was one and that it is lost; empty when there was none.
	Backup   bool
	NoBackup string
}

// Choose picks the class: the one that spec.upgrade.rollback asks for where it is
// possible, else the first that is known to be safe. The reason says why.
func Choose(asked v1alpha1.RollbackChoice, o Options) (class v1alpha1.RollbackClass, reason string) {
	const requested = "requested by spec.upgrade.rollback"
	switch class := v1alpha1.RollbackClass(asked); {
	case class == v1alpha1.RollbackImage,
		class == v1alpha1.RollbackDowngrade && o.Downgrade,
		class == v1alpha1.RollbackRestore && o.Backup:
		return class, requested
	case class == v1alpha1.RollbackRestore && o.NoBackup != "":
		return v1alpha1.RollbackFrozen, "Restore is " + requested + ", and " + o.NoBackup + ", or choose another class"
	case o.WhyServes != "":
		return v1alpha1.RollbackImage, o.WhyServes
	case o.Rehearsed:
		return v1alpha1.RollbackDowngrade, "a rehearsal downgraded a copy of the database without a difference"
	case o.Backup:
		return v1alpha1.RollbackRestore, o.WhyNot
	default:
		return v1alpha1.RollbackFrozen, o.WhyNot + ", and " + cmp.Or(o.NoBackup, "there is no backup: set spec.upgrade.backup, or choose a class in spec.upgrade.rollback")
	}
}

// frozen says why no rollback is possible.
func frozen(format string, args ...any) v1alpha1.RollbackStatus {
	return v1alpha1.RollbackStatus{Class: v1alpha1.RollbackFrozen, Reason: fmt.Sprintf(format, args...)}
}
