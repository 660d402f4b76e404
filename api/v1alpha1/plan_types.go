// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RollbackClass is what a rollback of a run does with the database.
// +kubebuilder:validation:Enum=Image;Downgrade;Restore;Frozen;None
type RollbackClass string

const (
	// RollbackImage runs the old image on the current schema.
	RollbackImage RollbackClass = "Image"
	// RollbackDowngrade downgrades the schema with the newer image, because the older
	// one does not have the scripts. Then it runs the old image.
	RollbackDowngrade RollbackClass = "Downgrade"
	// RollbackRestore restores a backup, then runs the old image.
	RollbackRestore RollbackClass = "Restore"
	// RollbackFrozen means that the run cannot be rolled back.
	RollbackFrozen RollbackClass = "Frozen"
	// RollbackNone means that there is no previous release, or it uses a different database.
	RollbackNone RollbackClass = "None"
)

// Plan is what a run will do. It is computed before anything is changed.
type Plan struct {
	// strategy is Rolling or Drain; empty if nothing serves yet.
	// +optional
	Strategy Strategy `json:"strategy,omitempty"`

	// strategyReason says why this strategy was chosen.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	StrategyReason string `json:"strategyReason,omitempty"`

	// fallback is Drain if the plan may fall back to it, otherwise empty.
	// +optional
	Fallback Strategy `json:"fallback,omitempty"`

	// maxLockTime is how long the migration may lock all tables; absent if it does
	// not lock them. Locking all of them at once prevents deadlocks.
	// +optional
	MaxLockTime *metav1.Duration `json:"maxLockTime,omitempty"`

	// migrations counts the pending schema revisions.
	Migrations PlannedMigrations `json:"migrations"`

	// rehearsal is the result of the rehearsal, or says why there was none.
	// +optional
	Rehearsal string `json:"rehearsal,omitempty"`

	// backup is true if the database is backed up before it is migrated.
	// +optional
	Backup bool `json:"backup,omitempty"`

	// reencrypt is true if stored secrets are re-encrypted with a new secret key.
	// +optional
	Reencrypt bool `json:"reencrypt,omitempty"`

	// downtime for users: None, or a description.
	// +kubebuilder:validation:MaxLength=128
	Downtime string `json:"downtime"`

	// rollback is the rollback class of the run.
	Rollback RollbackClass `json:"rollback"`

	// rollbackReason says why this class was chosen.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	RollbackReason string `json:"rollbackReason,omitempty"`

	// notes say what else was found: who else uses the database or the broker, and what
	// deserves a look. They are not part of the plan hash.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=12
	Notes []string `json:"notes,omitempty"`

	// steps of the run, in order.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Steps []PlanStep `json:"steps"`
}

// PlannedMigrations counts the pending schema revisions by class. The classes are
// estimates by static analysis; only a rehearsal runs the migrations.
type PlannedMigrations struct {
	// count of all pending revisions.
	Count int32 `json:"count"`

	// additive revisions add tables, columns or indexes.
	// +optional
	Additive int32 `json:"additive,omitempty"`

	// dataChanging revisions rewrite rows or constraints.
	// +optional
	DataChanging int32 `json:"dataChanging,omitempty"`

	// destructive revisions drop tables, columns or rows.
	// +optional
	Destructive int32 `json:"destructive,omitempty"`

	// unknownCount is the number of revisions that are not of an official release, and whose
	// scripts preflight does not understand. They may be anything.
	// +optional
	UnknownCount int32 `json:"unknownCount,omitempty"`

	// irreversible revisions have an empty downgrade, or one that loses data.
	// +optional
	Irreversible int32 `json:"irreversible,omitempty"`

	// unknown is true if none of the revisions could be classified.
	// +optional
	Unknown bool `json:"unknown,omitempty"`
}

// PlanStep is one step of a plan.
type PlanStep struct {
	// phase of the step.
	Phase Phase `json:"phase"`

	// what the step does, and why.
	// +kubebuilder:validation:MaxLength=512
	What string `json:"what"`

	// seconds that the step took the last time; absent if unknown.
	// +optional
	Seconds *int64 `json:"seconds,omitempty"`
}

// LockStatus describes the table locks of a migration under live traffic.
type LockStatus struct {
	// tries until all tables were locked, or until it was abandoned.
	Tries int32 `json:"tries"`
	// waited is the time until then, in steps of 100 ms.
	Waited metav1.Duration `json:"waited"`
	// held is how long the locks were held, in steps of 100 ms.
	Held metav1.Duration `json:"held"`
}
