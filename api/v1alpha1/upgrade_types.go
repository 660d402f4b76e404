// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Strategy is how tiers are treated while the database migrates.
// +kubebuilder:validation:Enum=Auto;Rolling;Drain
type Strategy string

const (
	// StrategyAuto lets the plan choose between the other two, by what the
	// migrations do and by the database. It is no strategy of a plan.
	StrategyAuto Strategy = "Auto"
	// StrategyRolling lets the old release serve while the database migrates.
	StrategyRolling Strategy = "Rolling"
	// StrategyDrain stops every tier while the database migrates.
	StrategyDrain Strategy = "Drain"
)

// FailurePolicy is what follows a failure after Validate.
// +kubebuilder:validation:Enum=Rollback;Hold
type FailurePolicy string

const (
	// OnFailureRollback puts the release before back by itself.
	OnFailureRollback FailurePolicy = "Rollback"
	// OnFailureHold stops in Failed and waits for a person.
	OnFailureHold FailurePolicy = "Hold"
)

// Approval says which plans wait for a person.
// +kubebuilder:validation:Enum=Never;Always;WhenDestructive
type Approval string

const (
	// ApprovalNever starts every plan by itself.
	ApprovalNever Approval = "Never"
	// ApprovalAlways waits with every plan.
	ApprovalAlways Approval = "Always"
	// ApprovalWhenDestructive waits with a plan that crosses a migration which is
	// destructive by its text, or of which nothing is known.
	ApprovalWhenDestructive Approval = "WhenDestructive"
)

// UpgradeSpec says how changes of the release are rolled out.
// +kubebuilder:validation:XValidation:rule="!has(self.rollback) || self.rollback != 'Restore' || has(self.backup)",message="rollback: Restore needs a backup to put back: write backup (backup: {} is enough)"
type UpgradeSpec struct {
	// strategy: Rolling lets the old release serve while the database migrates,
	// with every table locked for a moment (see maxLockTime); Drain stops every
	// tier meanwhile. Auto plans Rolling where the old release is known to serve
	// on the new schema and the database can take a migration back, and falls
	// back to Drain when the locks take too long; Rolling and Drain are done as
	// they are written. Without a schema change nothing is ever drained.
	// Default: Auto.
	// +optional
	// +kubebuilder:default=Auto
	Strategy Strategy `json:"strategy,omitempty"`

	// maxLockTime is how long a migration may hold the tables while the old
	// release serves (PostgreSQL): past it the migration is rolled back, and
	// the plan falls back to Drain (strategy Auto) or fails (Rolling). Users wait
	// at most this long for an answer. Default: 5s.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="maxLockTime must be longer than 0s: write for example 5s"
	MaxLockTime *metav1.Duration `json:"maxLockTime,omitempty"`

	// onFailure: Rollback puts the release before back when a phase after
	// Validate fails; Hold stops in Failed. A first install always holds.
	// Default: Rollback.
	// +optional
	// +kubebuilder:default=Rollback
	OnFailure FailurePolicy `json:"onFailure,omitempty"`

	// rollback is how an upgrade is taken back once the schema has changed: Image
	// runs the old image on the new schema; Downgrade takes the schema back with the
	// new image (superset db downgrade; writing it accepts that nobody has rehearsed
	// it); Restore puts the backup back, and what was written since is lost. Auto
	// takes Image where the old release is known to serve on the new schema, else
	// Downgrade where a rehearsal has proven it, else Restore where there is a backup; without one the upgrade waits for the
	// annotation superset-operator.dev/accept-data-loss. Default: Auto.
	// +optional
	// +kubebuilder:default=Auto
	Rollback RollbackChoice `json:"rollback,omitempty"`

	// backup of the metadata database. Present: one is taken before every
	// migration, after what the plan stops has stopped. Default: none is taken.
	// +optional
	Backup *BackupSpec `json:"backup,omitempty"`

	// rehearsal tries the migration, its downgrade and the old image on a copy of the
	// database first (PostgreSQL): Never, Always, or WhenNotAdditive (by their text).
	// What fails there stops the upgrade; what is proven there, Auto may use.
	// Default: Never.
	// +optional
	// +kubebuilder:default=Never
	Rehearsal RehearsalPolicy `json:"rehearsal,omitempty"`

	// rehearsalJob says where a rehearsal keeps its copy.
	// +optional
	RehearsalJob RehearsalJobSpec `json:"rehearsalJob,omitzero"`

	// approval says which plans wait for the annotation
	// superset-operator.dev/approve with the plan's hash (status.upgrade.planHash)
	// before anything is touched: Never, Always, or WhenDestructive (a migration
	// is destructive by its text, or nothing is known of them). Another plan needs another
	// approval. A first install and a rollback never wait. Default: Never.
	// +optional
	// +kubebuilder:default=Never
	Approval Approval `json:"approval,omitempty"`

	// gates are phases that wait for an approval of their own: the annotation
	// superset-operator.dev/approve with the plan's hash, a slash and the phase,
	// for example sha256-0123456789ab/UpgradeWeb. Serving, scaling and
	// self-healing go on meanwhile. While a Drain has stopped web, no phase that
	// brings it back waits. Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:Enum=DBMigrate;UpgradeScheduler;UpgradeWorkers;UpgradeWeb;Verify
	Gates []Phase `json:"gates,omitempty"`

	// windows are the times at which an upgrade may begin to touch what runs; one
	// that has begun goes on to its end, also after an edit or a retry. A first install and a rollback never
	// wait. At most 16. Default: always.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Windows []MaintenanceWindow `json:"windows,omitempty"`

	// maintenancePage is what users see while a Drain has stopped web.
	// +optional
	MaintenancePage MaintenancePageSpec `json:"maintenancePage,omitzero"`

	// verify is what Verify asks beside what it always does.
	// +optional
	Verify VerifySpec `json:"verify,omitzero"`

	// deadlines say how long each phase may take.
	// +optional
	Deadlines Deadlines `json:"deadlines,omitzero"`

	// allowUnsupportedVersion tries a version outside the bounds that this
	// operator release knows. The condition VersionSupported and the metric
	// superset_operator_version_supported say so either way. Default: false.
	// +optional
	AllowUnsupportedVersion bool `json:"allowUnsupportedVersion,omitempty"`

	// allowVersionSkip allows an upgrade that skips a major version (4.1 to 6.0).
	// Default: false.
	// +optional
	AllowVersionSkip bool `json:"allowVersionSkip,omitempty"`
}

// MaintenancePageSpec is what users see while a Drain has stopped web. The web
// Service keeps its name and address and selects the page meanwhile; every
// request is answered with status 503.
// +kubebuilder:validation:XValidation:rule="!(has(self.html) && (has(self.title) || has(self.message)))",message="html is a whole page: leave title and message out"
// +kubebuilder:validation:XValidation:rule="!has(self.image) || !(has(self.html) || has(self.title) || has(self.message))",message="an image brings its own page: leave html, title and message out"
type MaintenancePageSpec struct {
	// enabled: false leaves users without an answer while web is stopped.
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

	// html is a whole page of your own, in the place of title and message. At
	// most 64 KiB. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=65536
	HTML string `json:"html,omitempty"`

	// image is one of your own that answers on port 8088, also on /health, as a
	// user without privileges. Default: Superset's own image, whose Python serves
	// the page.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`
}

// MaintenanceWindow is a time that comes again and again.
type MaintenanceWindow struct {
	// schedule says when the window opens, as a cron expression of five fields
	// (minute, hour, day of month, month, day of week), for example "0 2 * * 6"
	// for Saturdays at two, or a macro such as @daily. An hour that the clock skips
	// in spring has no window that day.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="schedule must not name a time zone: write it into timeZone"
	Schedule string `json:"schedule"`

	// duration is how long it stays open, for example 4h.
	// +required
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="duration must be longer than 0s: write for example 4h"
	Duration metav1.Duration `json:"duration"`

	// timeZone of the schedule, a name of the IANA database such as
	// Europe/Berlin. Default: UTC.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
}

// Deadlines say how long each phase may take. Past its deadline Validate
// fails, a tier's phase, Verify and Rollback fail, and DBMigrate is reported as
// overdue: a Job that changes the schema is never killed.
// +kubebuilder:validation:XValidation:rule="[self.?validate, self.?migrate, self.?scheduler, self.?workers, self.?web, self.?verify, self.?rollback].all(d, !d.hasValue() || duration(d.value()) > duration('0s'))",message="deadlines must be longer than 0s: write for example 30m or 1h"
type Deadlines struct {
	// validate is the deadline of Validate. Default: 15m, and 2h with a rehearsal.
	// +optional
	Validate *metav1.Duration `json:"validate,omitempty"`
	// migrate is the time after which DBMigrate is called overdue. Default: 1h.
	// +optional
	Migrate *metav1.Duration `json:"migrate,omitempty"`
	// scheduler is the deadline of UpgradeScheduler. Default: 15m.
	// +optional
	Scheduler *metav1.Duration `json:"scheduler,omitempty"`
	// workers is the deadline of UpgradeWorkers. Default: 30m.
	// +optional
	Workers *metav1.Duration `json:"workers,omitempty"`
	// web is the deadline of UpgradeWeb. Default: 30m.
	// +optional
	Web *metav1.Duration `json:"web,omitempty"`
	// verify is the deadline of Verify. Default: 15m.
	// +optional
	Verify *metav1.Duration `json:"verify,omitempty"`
	// rollback is the deadline of Rollback. Default: 1h.
	// +optional
	Rollback *metav1.Duration `json:"rollback,omitempty"`
}
