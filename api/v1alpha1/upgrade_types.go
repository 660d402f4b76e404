// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Strategy says whether the tiers serve while the database is migrated.
// +kubebuilder:validation:Enum=Auto;Rolling;Drain
type Strategy string

const (
	// StrategyAuto lets the plan choose Rolling or Drain, depending on the migrations
	// and the database. The strategy of a plan is never Auto.
	StrategyAuto Strategy = "Auto"
	// StrategyRolling migrates while the old release serves.
	StrategyRolling Strategy = "Rolling"
	// StrategyDrain stops every tier before the migration.
	StrategyDrain Strategy = "Drain"
)

// FailurePolicy is what the operator does when a phase after Validate fails.
// +kubebuilder:validation:Enum=Rollback;Hold
type FailurePolicy string

const (
	// OnFailureRollback rolls back to the previous release automatically.
	OnFailureRollback FailurePolicy = "Rollback"
	// OnFailureHold stops in Failed and waits for manual intervention.
	OnFailureHold FailurePolicy = "Hold"
)

// Approval says which plans need an approval.
// +kubebuilder:validation:Enum=Never;Always;WhenDestructive
type Approval string

const (
	// ApprovalNever means that no plan needs an approval.
	ApprovalNever Approval = "Never"
	// ApprovalAlways means that every plan needs an approval.
	ApprovalAlways Approval = "Always"
	// ApprovalWhenDestructive means that a plan needs an approval if static analysis classifies
	// one of its migrations as destructive, or could not classify them.
	ApprovalWhenDestructive Approval = "WhenDestructive"
)

// UpgradeSpec configures how changes of the release are rolled out.
// +kubebuilder:validation:XValidation:rule="!has(self.rollback) || self.rollback != 'Restore' || has(self.backup)",message="rollback: Restore needs a backup: set backup (backup: {} is enough)"
type UpgradeSpec struct {
	// strategy: Rolling migrates while the old release serves, with all tables locked
	// for a short time (see maxLockTime). Drain stops every tier before the migration.
	// Auto plans Rolling if the old release is known to serve on the new schema and
	// the database has transactional DDL, and falls back to Drain if the locks take
	// too long; Rolling and Drain are used as configured. Without a schema change no
	// tier is stopped. Default: Auto.
	// +optional
	// +kubebuilder:default=Auto
	Strategy Strategy `json:"strategy,omitempty"`

	// maxLockTime is how long a migration may lock the tables while the old release
	// serves (PostgreSQL). If it takes longer, the migration is rolled back, and the
	// plan falls back to Drain (strategy Auto) or fails (Rolling). Requests of users
	// wait at most this long. Default: 5s.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="maxLockTime must be longer than 0s, for example 5s"
	MaxLockTime *metav1.Duration `json:"maxLockTime,omitempty"`

	// onFailure: Rollback rolls back to the previous release if a phase after Validate
	// fails; Hold stops in Failed. A first install always stops in Failed. Default:
	// Rollback.
	// +optional
	// +kubebuilder:default=Rollback
	OnFailure FailurePolicy `json:"onFailure,omitempty"`

	// rollback is the rollback class after the schema has changed. Image runs the old
	// image on the new schema. Downgrade downgrades the schema with the new image
	// (superset db downgrade), even if the downgrade was not rehearsed. Restore
	// restores the backup; later changes are lost. Auto chooses Image if the old
	// release is known to serve on the new schema, otherwise Downgrade if a rehearsal
	// has tested it, otherwise Restore if there is a backup. If none applies, the
	// upgrade waits for the annotation superset-operator.dev/accept-data-loss.
	// Default: Auto.
	// +optional
	// +kubebuilder:default=Auto
	Rollback RollbackChoice `json:"rollback,omitempty"`

	// backup enables and configures a backup of the metadata database before every
	// migration, after the tiers that the plan stops have stopped. Default: no backup.
	// +optional
	Backup *BackupSpec `json:"backup,omitempty"`

	// rehearsal tests the migration, its downgrade and the old image on a copy of the
	// database (PostgreSQL): Never, Always, or WhenNotAdditive (by static analysis). If
	// the migration fails there, the upgrade fails; strategy and rollback Auto use the
	// other results. Default: Never.
	// +optional
	// +kubebuilder:default=Never
	Rehearsal RehearsalPolicy `json:"rehearsal,omitempty"`

	// rehearsalJob configures the copy of the database that a rehearsal uses.
	// +optional
	RehearsalJob RehearsalJobSpec `json:"rehearsalJob,omitzero"`

	// approval says which plans wait, before anything is changed, for the annotation
	// superset-operator.dev/approve with the plan hash (status.upgrade.planHash):
	// Never, Always, or WhenDestructive (by static analysis, or if the migrations could
	// not be classified). Each plan needs its own approval. A first install on an
	// empty database and a rollback never wait. Default: Never.
	// +optional
	// +kubebuilder:default=Never
	Approval Approval `json:"approval,omitempty"`

	// gates are phases that wait for a separate approval: the annotation
	// superset-operator.dev/approve with the plan hash, a slash and the phase, for
	// example sha256-0123456789ab/UpgradeWeb. Serving, scaling and self-healing
	// continue meanwhile. If a Drain has stopped web, the phases until web serves
	// again do not wait. Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:Enum=DBMigrate;UpgradeScheduler;UpgradeWorkers;UpgradeWeb;Verify
	Gates []Phase `json:"gates,omitempty"`

	// windows are the times at which an upgrade may start to change what runs. A
	// started upgrade continues to its end, also after an edit or a retry. A first
	// install and a rollback never wait. At most 16. Default: always.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Windows []MaintenanceWindow `json:"windows,omitempty"`

	// maintenancePage is the page that users see while a Drain has stopped web.
	// +optional
	MaintenancePage MaintenancePageSpec `json:"maintenancePage,omitzero"`

	// verify configures additional smoke tests.
	// +optional
	Verify VerifySpec `json:"verify,omitzero"`

	// deadlines of the phases.
	// +optional
	Deadlines Deadlines `json:"deadlines,omitzero"`

	// allowUnsupportedVersion allows versions outside the range that this operator
	// release supports. The condition VersionSupported and the metric
	// superset_operator_version_supported report them in any case. Default: false.
	// +optional
	AllowUnsupportedVersion bool `json:"allowUnsupportedVersion,omitempty"`

	// allowVersionSkip allows an upgrade that skips a major version (4.1 to 6.0).
	// Default: false.
	// +optional
	AllowVersionSkip bool `json:"allowVersionSkip,omitempty"`
}

// MaintenancePageSpec is the page that users see while a Drain has stopped web. The
// web Service keeps its name and address and routes to the page. Every request is
// answered with status 503.
// +kubebuilder:validation:XValidation:rule="!(has(self.html) && (has(self.title) || has(self.message)))",message="html is a complete page: remove title and message, or remove html"
// +kubebuilder:validation:XValidation:rule="!has(self.image) || !(has(self.html) || has(self.title) || has(self.message))",message="image serves its own page: remove html, title and message, or remove image"
type MaintenancePageSpec struct {
	// enabled: false means that requests get no response while web is stopped.
	// Default: true.
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// title of the page, as plain text. Default: "Superset is being upgraded".
	// +optional
	// +kubebuilder:validation:MaxLength=200
	Title string `json:"title,omitempty"`

	// message of the page, as plain text. Default: "It will be back in a few
	// minutes. This page reloads by itself."
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	Message string `json:"message,omitempty"`

	// html is a complete page, instead of title and message. At most 64 KiB. Default:
	// none.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	HTML string `json:"html,omitempty"`

	// image is an image that serves the page on port 8088, and /health for its
	// readiness, and runs without root privileges. Default: Superset's image, whose
	// Python serves the page.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`
}

// MaintenanceWindow is a recurring period.
type MaintenanceWindow struct {
	// schedule says when the window opens, as a cron expression of five fields
	// (minute, hour, day of month, month, day of week), for example "0 2 * * 6"
	// for Saturdays at two, or a macro such as @daily. A time that is skipped at the
	// change to daylight saving time opens no window on that day.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="schedule must not contain a time zone: set timeZone"
	Schedule string `json:"schedule"`

	// duration is how long the window stays open, for example 4h.
	// +required
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="duration must be longer than 0s, for example 4h"
	Duration metav1.Duration `json:"duration"`

	// timeZone of the schedule, a name of the IANA database such as
	// Europe/Berlin. Default: UTC.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
}

// Deadlines say how long each phase may take. They count working time: not while the
// Superset is paused, waits at a gate, or no operator runs. A Job that changes the schema
// is never killed.
// +kubebuilder:validation:XValidation:rule="[self.?validate, self.?migrate, self.?scheduler, self.?workers, self.?web, self.?verify, self.?rollback].all(d, !d.hasValue() || duration(d.value()) > duration('0s'))",message="deadlines must be longer than 0s, for example 30m or 1h"
type Deadlines struct {
	// validate is the deadline of Validate. Default: 15m; 2h with a rehearsal.
	// +optional
	Validate *metav1.Duration `json:"validate,omitempty"`
	// migrate is the deadline of DBMigrate until its migration Job exists. Afterwards it
	// is only reported as overdue. Default: 1h.
	// +optional
	Migrate *metav1.Duration `json:"migrate,omitempty"`
	// scheduler is how long the scheduler may go without progress, while it stops and
	// while it starts. Default: 15m.
	// +optional
	Scheduler *metav1.Duration `json:"scheduler,omitempty"`
	// workers is how long the rollout of the workers may go without progress. Default: 30m.
	// +optional
	Workers *metav1.Duration `json:"workers,omitempty"`
	// web is how long the rollout of web may go without progress. Default: 30m.
	// +optional
	Web *metav1.Duration `json:"web,omitempty"`
	// verify is the deadline of Verify. Default: 15m.
	// +optional
	Verify *metav1.Duration `json:"verify,omitempty"`
	// rollback is the deadline of Rollback. Default: 1h.
	// +optional
	Rollback *metav1.Duration `json:"rollback,omitempty"`
}
