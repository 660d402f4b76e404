// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// options are what a way back could rest on.
type options struct {
	// serves is why the old release serves on the new schema; empty when nobody
	// knows that it does.
	serves string
	// downgrade is true when there is an image that has the scripts, and they have
	// not failed yet.
	downgrade bool
	// proven is true when such a downgrade was rehearsed on a copy, and all came back.
	proven bool
	// backup is true when there is a backup of the old schema, or will be.
	backup bool
}

// optionsOf a way from the schema of owner to the revision that target needs.
func optionsOf(o *Observation, target, owner Release, need string) options {
	able := owner.Hash != "" && need != "" && !gaveUp(o)
	return options{
		serves:    servesOn(o, target.Version, owner),
		downgrade: able,
		proven:    able && isRunOf(o, target, owner) && provenBack(o, need),
		backup:    backupOf(o, target, need).Name != "",
	}
}

// pick chooses the class: what the user wrote as far as it goes, else what is
// known to be safe.
func pick(o *Observation, with options) (v1alpha1.RollbackClass, string) {
	const asked = "spec.upgrade.rollback asks for it"
	switch choice := o.Policy.Rollback; {
	case choice == v1alpha1.RollbackChoice(v1alpha1.RollbackImage):
		return v1alpha1.RollbackImage, asked
	case choice == v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade) && with.downgrade:
		return v1alpha1.RollbackDowngrade, asked
	case choice == v1alpha1.RollbackChoice(v1alpha1.RollbackRestore) && with.backup:
		return v1alpha1.RollbackRestore, asked
	case with.serves != "":
		return v1alpha1.RollbackImage, with.serves
	case with.proven:
		return v1alpha1.RollbackDowngrade, "a rehearsal has taken a copy of the database back to what it was"
	case with.backup:
		return v1alpha1.RollbackRestore, notServed(o)
	default:
		return v1alpha1.RollbackFrozen, notServed(o) + ", and there is no backup: write spec.upgrade.backup, or choose spec.upgrade.rollback"
	}
}
