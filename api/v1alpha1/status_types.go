// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SupersetStatus is what the operator observed and did.
type SupersetStatus struct {
	// observedGeneration is the generation of spec that this status answers; -1
	// before the first look.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is where the upgrade machine stands.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// phaseSince is when the phase began.
	// +optional
	PhaseSince *metav1.Time `json:"phaseSince,omitempty"`

	// version is the lowest version that any pod runs, as last observed.
	// +optional
	Version string `json:"version,omitempty"`

	// upgradeRevision counts upgrades, config rollouts and rollbacks; it only
	// grows. It is the fence that Jobs and component specs carry.
	// +optional
	UpgradeRevision int64 `json:"upgradeRevision,omitempty"`

	// release is the hash of the release that was last verified.
	// +optional
	Release string `json:"release,omitempty"`

	// previousRelease is the hash of the release before it: the target of a
	// rollback that names none.
	// +optional
	PreviousRelease string `json:"previousRelease,omitempty"`

	// schema is what is known of the metadata database.
	// +optional
	Schema *SchemaStatus `json:"schema,omitempty"`

	// upgrade is the upgrade under way, or the last one.
	// +optional
	Upgrade *UpgradeStatus `json:"upgrade,omitempty"`

	// backups are those that are kept, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Backups []BackupStatus `json:"backups,omitempty"`

	// history has a line for each ended upgrade, the newest first, at most
	// spec.historyLimit and as many as fit into 3 KiB.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	History []HistoryEntry `json:"history,omitempty"`

	// lastHandled has the token of each annotation verb that was handled last.
	// +optional
	LastHandled LastHandled `json:"lastHandled,omitzero"`

	// conditions: Ready, Reconciling, Stalled, Available, SchemaInSync,
	// RollbackAvailable, VersionSupported, Paused, AwaitingApproval, OutsideWindow
	// and MaintenancePage.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SchemaStatus is what is known of the metadata database.
type SchemaStatus struct {
	// database is the dialect: postgresql, mysql or sqlite.
	// +optional
	Database string `json:"database,omitempty"`

	// revision is the alembic revision last read from the database; empty when
	// it was never migrated.
	// +optional
	Revision string `json:"revision,omitempty"`

	// aheadAfterRollback is true when an Image rollback left the schema newer
	// than the release that runs. That revision, and no other, is accepted.
	// +optional
	AheadAfterRollback bool `json:"aheadAfterRollback,omitempty"`

	// halfMigrated is true when a migration or a downgrade ended in the middle on a
	// database that cannot take it back: only a backup helps.
	// +optional
	HalfMigrated bool `json:"halfMigrated,omitempty"`

	// secretKey names the Secret and key that a run has begun to encrypt with what
	// is stored, with a slash between; empty once a release is verified, whose key it
	// then is.
	// +optional
	SecretKey string `json:"secretKey,omitempty"`
}

// UpgradeKind says what started a run of the machine.
// +kubebuilder:validation:Enum=Install;Upgrade;ConfigChange;Rollback
type UpgradeKind string

const (
	// KindInstall is the first release of a Superset.
	KindInstall UpgradeKind = "Install"
	// KindUpgrade is a change of version.
	KindUpgrade UpgradeKind = "Upgrade"
	// KindConfigChange is a change of the release at the same version.
	KindConfigChange UpgradeKind = "ConfigChange"
	// KindRollback is a way back that did not start from a run under way: by
	// annotation, or by lowering spec.version to that of a stored release.
	KindRollback UpgradeKind = "Rollback"
)

// UpgradeStatus is the run of the machine under way, or the last one.
type UpgradeStatus struct {
	// kind says what started the run.
	Kind UpgradeKind `json:"kind"`

	// from is the version that ran before; empty for an install.
	// +optional
	From string `json:"from,omitempty"`

	// to is the version that the run leads to.
	To string `json:"to"`

	// fromRelease is the hash of the release that ran before.
	// +optional
	FromRelease string `json:"fromRelease,omitempty"`

	// toRelease is the hash of the release that the run leads to.
	ToRelease string `json:"toRelease"`

	// rollbackRelease is the hash of the release that Rollback puts back; empty
	// while the run goes forward.
	// +optional
	RollbackRelease string `json:"rollbackRelease,omitempty"`

	// rollback is the way back that the run takes; absent while it goes forward.
	// +optional
	Rollback *RollbackStatus `json:"rollback,omitempty"`

	// fromRevision is the schema revision that the run found: where a Downgrade
	// leads back to.
	// +optional
	FromRevision string `json:"fromRevision,omitempty"`

	// backup that the run took.
	// +optional
	Backup string `json:"backup,omitempty"`

	// approval is the token that opened its gate.
	// +optional
	Approval string `json:"approval,omitempty"`

	// touched is true once the run, or one that it replaced, may have changed
	// the database or a component. Before that, a failure leaves all as it was.
	// +optional
	Touched bool `json:"touched,omitempty"`

	// heldRelease is the hash of the release that failed, or that spec asked for
	// when a rollback was asked for. It is not tried again until spec changes or
	// a retry token comes.
	// +optional
	HeldRelease string `json:"heldRelease,omitempty"`

	// step is the number of the current phase and of all, such as 4/7.
	// +optional
	Step string `json:"step,omitempty"`

	// plan is what the run is going to do, as soon as the target is proven.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// planHash identifies the plan: what the approve annotation must equal. It
	// leaves out estimates and is another one for every run.
	// +optional
	PlanHash string `json:"planHash,omitempty"`

	// rehearsal is what was found on a copy of the database.
	// +optional
	Rehearsal *RehearsalStatus `json:"rehearsal,omitempty"`

	// estimatedCompletion is when the run should end, judged by the times that
	// the last one of its kind took; absent without one.
	// +optional
	EstimatedCompletion *metav1.Time `json:"estimatedCompletion,omitempty"`

	// strategy is how the database is migrated: as planned, or Drain after the
	// plan fell back to it. Empty while that is not known yet or when there is
	// nothing that serves.
	// +optional
	Strategy Strategy `json:"strategy,omitempty"`

	// fellBack says why the plan fell back from Rolling to Drain.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	FellBack string `json:"fellBack,omitempty"`

	// locks is what the migration beside live traffic had to do for its locks.
	// +optional
	Locks *LockStatus `json:"locks,omitempty"`

	// pendingMigrations is how many schema revisions the target brings, as the
	// preflight read them from the target image.
	// +optional
	PendingMigrations int32 `json:"pendingMigrations,omitempty"`

	// head is the schema revision of the target image.
	// +optional
	Head string `json:"head,omitempty"`

	// startedAt is when the run began.
	StartedAt metav1.Time `json:"startedAt"`

	// phases has the times of each phase that the run has entered, in order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Phases []PhaseRecord `json:"phases,omitempty"`

	// charts before the upgrade: id, hash of the columns, number of rows.
	// +optional
	// +kubebuilder:validation:MaxLength=640
	Charts string `json:"charts,omitempty"`

	// checks are what Verify found last, on the way forward or back.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Checks []CheckStatus `json:"checks,omitempty"`

	// failure says where and why the run failed.
	// +optional
	Failure *Failure `json:"failure,omitempty"`
}

// PhaseRecord is one phase of a run.
type PhaseRecord struct {
	// phase that was entered.
	Phase Phase `json:"phase"`
	// startedAt is when it was entered.
	StartedAt metav1.Time `json:"startedAt"`
	// seconds that it took; absent while it lasts.
	// +optional
	Seconds *int64 `json:"seconds,omitempty"`
}

// Failure says where and why a run failed.
type Failure struct {
	// phase that failed.
	Phase Phase `json:"phase"`
	// reason in one CamelCase word.
	Reason string `json:"reason"`
	// message says what was wrong.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
