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

	// previousSecretKeyFrom names the Secret key with the SECRET_KEY that was used
	// until now. With another secretKeyFrom it starts a rotation: every tier stops,
	// what is stored is encrypted anew, and the tiers start with the new key. Give
	// the new key a name or a key of its own, and leave the old one in place for the
	// way back. Remove the field when no way back is needed. Default: none.
	// +optional
	PreviousSecretKeyFrom *SecretKeyReference `json:"previousSecretKeyFrom,omitempty"`

	// createDatabase makes the metadata database if the server does not have it; the
	// user of the URI must be allowed to. Default: false.
	// +optional
	CreateDatabase bool `json:"createDatabase,omitempty"`

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
