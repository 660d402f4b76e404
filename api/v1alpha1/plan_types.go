// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RollbackClass is how a run can be taken back.
// +kubebuilder:validation:Enum=Image;Downgrade;Restore;Frozen;None
type RollbackClass string

const (
	// RollbackImage runs the old image again, on the schema as it is.
	RollbackImage RollbackClass = "Image"
	// RollbackDowngrade takes the schema back with the newer image, which alone has
	// the scripts, then runs the old image.
	RollbackDowngrade RollbackClass = "Downgrade"
	// RollbackRestore puts a backup back, then runs the old image.
	RollbackRestore RollbackClass = "Restore"
	// RollbackFrozen is a run that cannot be taken back.
	RollbackFrozen RollbackClass = "Frozen"
	// RollbackNone is a run without a release before it, or one away from its database.
	RollbackNone RollbackClass = "None"
)

// Plan is what a run is going to do, worked out before anything is touched.
type Plan struct {
	// strategy is Rolling or Drain; empty when nothing serves yet.
	// +optional
	Strategy Strategy `json:"strategy,omitempty"`

	// strategyReason says why.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	StrategyReason string `json:"strategyReason,omitempty"`

	// fallback is Drain when the plan may fall back to it; empty when not.
	// +optional
	Fallback Strategy `json:"fallback,omitempty"`

	// maxLockTime is how long every table is locked for the migration at most, so
	// that nobody deadlocks with it; absent when none is locked.
	// +optional
	MaxLockTime *metav1.Duration `json:"maxLockTime,omitempty"`

	// migrations are the schema revisions to cross.
	Migrations PlannedMigrations `json:"migrations"`

	// rehearsal is what was found on a copy, or why there was none.
	// +optional
	Rehearsal string `json:"rehearsal,omitempty"`

	// backup is true when the database is backed up before it is migrated.
	// +optional
	Backup bool `json:"backup,omitempty"`

	// reencrypt is true when what is stored is encrypted anew, with a new secret
	// key.
	// +optional
	Reencrypt bool `json:"reencrypt,omitempty"`

	// downtime that users will see: None, or a sentence.
	// +kubebuilder:validation:MaxLength=128
	Downtime string `json:"downtime"`

	// rollback is how the run can be taken back.
	Rollback RollbackClass `json:"rollback"`

	// rollbackReason says why.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RollbackReason string `json:"rollbackReason,omitempty"`

	// steps in their order.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Steps []PlanStep `json:"steps"`
}

// PlannedMigrations counts the schema revisions to cross, by what their text
// does: a guess, and only a rehearsal would prove it.
type PlannedMigrations struct {
	// count of revisions.
	Count int32 `json:"count"`

	// additive ones add tables, columns or indexes.
	// +optional
	Additive int32 `json:"additive,omitempty"`

	// dataChanging ones rewrite rows or constraints.
	// +optional
	DataChanging int32 `json:"dataChanging,omitempty"`

	// destructive ones drop tables, columns or rows.
	// +optional
	Destructive int32 `json:"destructive,omitempty"`

	// irreversible ones have an empty downgrade, or one that loses data.
	// +optional
	Irreversible int32 `json:"irreversible,omitempty"`

	// unknown is true when the image's migrations could not be classified.
	// +optional
	Unknown bool `json:"unknown,omitempty"`
}

// PlanStep is one step of a plan.
type PlanStep struct {
	// phase in which it is done.
	Phase Phase `json:"phase"`

	// what is done, and why.
	// +kubebuilder:validation:MaxLength=512
	What string `json:"what"`

	// seconds that it took the last time; absent when that is not known.
	// +optional
	Seconds *int64 `json:"seconds,omitempty"`
}

// LockStatus is what a migration beside live traffic had to do for its locks.
type LockStatus struct {
	// tries until every table was locked at once, or until it gave up.
	Tries int32 `json:"tries"`
	// waited is how long that took, 100 ms exact.
	Waited metav1.Duration `json:"waited"`
	// held is how long the locks were held, 100 ms exact.
	Held metav1.Duration `json:"held"`
}
