// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// SupersetSpec is one deployment of Apache Superset.
// +kubebuilder:validation:XValidation:rule="has(self.cache) || (!has(self.worker) && !has(self.scheduler))",message="worker and scheduler need a Celery broker: set cache.urlFrom"
// +kubebuilder:validation:XValidation:rule="has(self.web) || has(self.worker) || has(self.scheduler)",message="there is no component: write web, worker or scheduler (web: {} is enough)"
type SupersetSpec struct {
	RuntimeSpec `json:",inline"`

	// config is what is added to superset_config.py.
	// +optional
	Config ConfigSpec `json:"config,omitzero"`

	// web is the web tier (gunicorn). Present enables it.
	// +optional
	Web *WebSpec `json:"web,omitempty"`

	// worker is the Celery worker tier. Present enables it.
	// +optional
	Worker *WorkerSpec `json:"worker,omitempty"`

	// scheduler is the Celery beat, always exactly one. Present enables it.
	// +optional
	Scheduler *SchedulerSpec `json:"scheduler,omitempty"`

	// jobs is what the preflight, migrate and verify Jobs have of their own.
	// +optional
	Jobs *JobsSpec `json:"jobs,omitempty"`

	// podTemplate is a strategic-merge patch over every pod template, Jobs
	// included; the patches of web, worker, scheduler and jobs come after it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`

	// upgrade says how changes of the release are rolled out.
	// +optional
	Upgrade UpgradeSpec `json:"upgrade,omitzero"`

	// paused stops moves of the machine and new Jobs. Serving, scaling and
	// self-healing go on, and a Job that runs is left alone. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// historyLimit is how many releases are kept for rollbacks and how many
	// lines status.history has: 1 to 50. A release that is in use is never
	// removed. Default: 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	HistoryLimit *int32 `json:"historyLimit,omitempty"`
}

// WebSpec is the web tier of a Superset.
type WebSpec struct {
	// replicas of the web tier: 0 to 1000. Omitted, it starts with one and the
	// operator never touches the number again, so that an autoscaler may own it
	// through the scale subresource of the SupersetWebWorker.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`

	PodSettings `json:",inline"`
}

// WorkerSpec is the Celery worker tier of a Superset.
type WorkerSpec struct {
	// replicas of the worker tier: 0 to 1000. Omitted, it starts with one and
	// the operator never touches the number again, so that an autoscaler may own
	// it through the scale subresource of the SupersetAsyncWorker.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`

	PodSettings `json:",inline"`
}

// SchedulerSpec is the Celery beat of a Superset. It has no replicas: two of
// them send every report twice.
type SchedulerSpec struct {
	PodSettings `json:",inline"`
}

// JobsSpec is what the preflight, migrate and verify Jobs have of their own.
type JobsSpec struct {
	PodSettings `json:",inline"`
}

// Strategy is how tiers are treated while the database migrates.
// +kubebuilder:validation:Enum=Rolling;Drain
type Strategy string

const (
	// StrategyDrain stops every tier while the database migrates.
	StrategyDrain Strategy = "Drain"
	// StrategyRolling lets the old release serve while the database migrates.
	StrategyRolling Strategy = "Rolling"
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

// UpgradeSpec says how changes of the release are rolled out.
type UpgradeSpec struct {
	// strategy: Drain stops every tier while the database migrates; Rolling lets
	// the old release serve meanwhile, which a migration that needs locks may
	// not survive. Without a schema change nothing is ever drained. Default: Drain.
	// +optional
	// +kubebuilder:default=Drain
	Strategy Strategy `json:"strategy,omitempty"`

	// onFailure: Rollback puts the release before back when a phase after
	// Validate fails; Hold stops in Failed. A first install always holds.
	// Default: Rollback.
	// +optional
	// +kubebuilder:default=Rollback
	OnFailure FailurePolicy `json:"onFailure,omitempty"`

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

// Deadlines say how long each phase may take. Past its deadline Validate
// fails, a tier's phase, Verify and Rollback fail, and DBMigrate is reported as
// overdue: a Job that changes the schema is never killed.
// +kubebuilder:validation:XValidation:rule="[self.?validate, self.?migrate, self.?scheduler, self.?workers, self.?web, self.?verify, self.?rollback].all(d, !d.hasValue() || duration(d.value()) > duration('0s'))",message="deadlines must be longer than 0s: write for example 30m or 1h"
type Deadlines struct {
	// validate is the deadline of Validate. Default: 15m.
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

// Superset is one deployment of Apache Superset, upgraded in stages.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=sset
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,description="Lowest version that runs"
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.spec.version`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.upgrade.step`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.phaseSince`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="the name must have at most 40 characters: the names of its Jobs and Deployments are made from it"
type Superset struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user asks for.
	// +required
	Spec SupersetSpec `json:"spec"`

	// status is what the operator observed and did.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status SupersetStatus `json:"status,omitzero"`
}

// SupersetList is a list of Supersets.
// +kubebuilder:object:root=true
type SupersetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Superset `json:"items"`
}
