// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SupersetStatus is the observed state of a Superset.
type SupersetStatus struct {
	// observedGeneration is the generation of the spec that this status is based on;
	// -1 before the first reconcile.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is the current state of the state machine.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// phaseSince is when the phase began.
	// +optional
	PhaseSince *metav1.Time `json:"phaseSince,omitempty"`

	// version is the lowest version that any pod runs.
	// +optional
	Version string `json:"version,omitempty"`

	// upgradeRevision counts upgrades, config changes and rollbacks. It never
	// decreases. Jobs and component specs carry it as their fence.
	// +optional
	UpgradeRevision int64 `json:"upgradeRevision,omitempty"`

	// release is the hash of the last verified release.
	// +optional
	Release string `json:"release,omitempty"`

	// previousRelease is the hash of the release before release. It is the default
	// rollback target.
	// +optional
	PreviousRelease string `json:"previousRelease,omitempty"`

	// schema is the state of the metadata database.
	// +optional
	Schema *SchemaStatus `json:"schema,omitempty"`

	// init is what was done of spec.init.
	// +optional
	Init *InitStatus `json:"init,omitempty"`

	// refreshSecrets is what is known of the Secrets in spec.refreshSecrets; absent if there
	// were none.
	// +optional
	RefreshSecrets *RefreshSecretsStatus `json:"refreshSecrets,omitempty"`

	// upgrade is the current or the last run.
	// +optional
	Upgrade *UpgradeStatus `json:"upgrade,omitempty"`

	// backups lists the stored backups, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Backups []BackupStatus `json:"backups,omitempty"`

	// history lists the ended runs, newest first: at most spec.historyLimit entries,
	// and at most 3 KiB.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	History []HistoryEntry `json:"history,omitempty"`

	// lastHandled has the last handled token of each annotation.
	// +optional
	LastHandled LastHandled `json:"lastHandled,omitzero"`

	// conditions: Ready, Reconciling, Stalled, Available, SchemaInSync,
	// RollbackAvailable, VersionSupported, Paused, AwaitingApproval, OutsideWindow,
	// MaintenancePage, ReleaseStored and SecretsInSync.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// UpgradeKind says what started a run.
// +kubebuilder:validation:Enum=Install;Upgrade;ConfigChange;Rollback
type UpgradeKind string

const (
	// KindInstall is the first run of a Superset on an empty database.
	KindInstall UpgradeKind = "Install"
	// KindUpgrade is a change of the version, or the first run on a database that is not
	// empty.
	KindUpgrade UpgradeKind = "Upgrade"
	// KindConfigChange is a change of the release at the same version.
	KindConfigChange UpgradeKind = "ConfigChange"
	// KindRollback is a rollback that started in a resting phase: by annotation, or by
	// lowering spec.version to that of a stored release.
	KindRollback UpgradeKind = "Rollback"
)

// SlotKind is what a run counts as.
// +kubebuilder:validation:Enum=Rollout;Upgrade
type SlotKind string

const (
	// SlotRollout is a run that the operator starts, because it renders the same spec
	// differently.
	SlotRollout SlotKind = "Rollout"
	// SlotUpgrade is a run that a change of spec starts.
	SlotUpgrade SlotKind = "Upgrade"
)

// UpgradeStatus is the current or the last run.
type UpgradeStatus struct {
	// kind of the run.
	Kind UpgradeKind `json:"kind"`

	// from is the version before the run: for a database that the Superset did not
	// migrate, the lowest official release with its revision. Empty for an install, or if
	// it is not known.
	// +optional
	From string `json:"from,omitempty"`

	// to is the version of the target release.
	To string `json:"to"`

	// fromRelease is the hash of the previous release.
	// +optional
	FromRelease string `json:"fromRelease,omitempty"`

	// toRelease is the hash of the target release.
	ToRelease string `json:"toRelease"`

	// wish identifies what spec said when the run began, however an operator renders it.
	// +optional
	Wish string `json:"wish,omitempty"`

	// slot is what the run counts as where the operator limits how many run at a time:
	// Rollout if only the rendering of an operator release changes, else Upgrade. Empty
	// for a first install and a rollback of their own.
	// +optional
	Slot SlotKind `json:"slot,omitempty"`

	// rollbackRelease is the hash of the rollback target; empty if the run is not
	// being rolled back.
	// +optional
	RollbackRelease string `json:"rollbackRelease,omitempty"`

	// rollback describes the rollback; absent if the run is not being rolled back.
	// +optional
	Rollback *RollbackStatus `json:"rollback,omitempty"`

	// fromRevision is the schema revision before the run, the target of a Downgrade.
	// +optional
	FromRevision string `json:"fromRevision,omitempty"`

	// backup that the run took.
	// +optional
	Backup string `json:"backup,omitempty"`

	// approval is the token that approved the plan.
	// +optional
	Approval string `json:"approval,omitempty"`

	// touched is true once the run, or one that it replaced, may have changed the
	// database or a component. Before that, a failure leaves everything unchanged.
	// +optional
	Touched bool `json:"touched,omitempty"`

	// emptyDatabase is true if the run, or one that it replaced, found an empty database,
	// or none: a first install.
	// +optional
	EmptyDatabase bool `json:"emptyDatabase,omitempty"`

	// heldRelease is the hash of the release that failed, or that spec asked for when
	// a rollback was requested. It is not tried again until spec changes or there is a
	// new retry token.
	// +optional
	HeldRelease string `json:"heldRelease,omitempty"`

	// heldWish identifies what spec said of heldRelease.
	// +optional
	HeldWish string `json:"heldWish,omitempty"`

	// worked is the working time of the current phase until workingSince.
	// +optional
	Worked *metav1.Duration `json:"worked,omitempty"`

	// workingSince is since when the working time of the current phase counts; absent
	// while it does not: paused, at a gate, or in a resting phase.
	// +optional
	WorkingSince *metav1.Time `json:"workingSince,omitempty"`

	// step is the number of the current phase and of all phases, such as 4/7.
	// +optional
	Step string `json:"step,omitempty"`

	// plan of the run; set when the target release is validated.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// planHash identifies the plan. It is the token that approves it. Estimates are
	// not part of it, and it differs for each run.
	// +optional
	PlanHash string `json:"planHash,omitempty"`

	// rehearsal is the result of the rehearsal.
	// +optional
	Rehearsal *RehearsalStatus `json:"rehearsal,omitempty"`

	// estimatedCompletion is the estimated end of the run, from the durations of the
	// last run of the same kind; absent if there is none.
	// +optional
	EstimatedCompletion *metav1.Time `json:"estimatedCompletion,omitempty"`

	// strategy is how the database is migrated: as planned, or Drain after a
	// fallback. Empty until it is known, and if nothing serves.
	// +optional
	Strategy Strategy `json:"strategy,omitempty"`

	// fellBack says why the plan fell back from Rolling to Drain.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	FellBack string `json:"fellBack,omitempty"`

	// locks describes the table locks of the migration under live traffic.
	// +optional
	Locks *LockStatus `json:"locks,omitempty"`

	// pendingMigrations is the number of pending schema revisions, as read from the
	// target image by preflight.
	// +optional
	PendingMigrations int32 `json:"pendingMigrations,omitempty"`

	// head is the newest schema revision in the target image.
	// +optional
	Head string `json:"head,omitempty"`

	// startedAt is when the run began.
	StartedAt metav1.Time `json:"startedAt"`

	// phases lists the phases that the run has entered, in order, with their times.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Phases []PhaseRecord `json:"phases,omitempty"`

	// jobs are the ended Jobs of the current phase, the newest attempt of each script.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Jobs []JobRecord `json:"jobs,omitempty"`

	// charts before the upgrade, as id:hash of the columns:rows, or id:- for a chart
	// that failed; comma-separated.
	// +optional
	// +kubebuilder:validation:MaxLength=640
	Charts string `json:"charts,omitempty"`

	// webAccess says whether Jobs reach web: Reachable or Unreachable. Preflight reads it
	// while web is ready, else Verify. Empty while it is not known.
	// +optional
	WebAccess WebAccess `json:"webAccess,omitempty"`

	// checks are the results of the last Verify, including that of a rollback.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Checks []CheckStatus `json:"checks,omitempty"`

	// failure says where and why the run failed.
	// +optional
	Failure *Failure `json:"failure,omitempty"`
}
