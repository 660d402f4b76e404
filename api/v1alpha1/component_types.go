// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Mode says whether a component runs.
// +kubebuilder:validation:Enum=Serve;Hold
type Mode string

const (
	// ModeServe runs the component with its replicas.
	ModeServe Mode = "Serve"
	// ModeHold keeps the component at zero pods without touching replicas.
	ModeHold Mode = "Hold"
)

// ComponentSpec is the spec that all component kinds share.
// +kubebuilder:validation:XValidation:rule="!(has(self.configMapName) && has(self.config))",message="set configMapName or config, not both"
type ComponentSpec struct {
	RuntimeSpec `json:",inline"`

	PodSettings `json:",inline"`

	// configMapName names a ConfigMap in the same namespace whose key
	// superset_config.py is mounted. Set by the Superset that owns the component. One of
	// your own goes neither with packages nor with connections by their parts: the
	// operator's has the programs for them. Default: none; the configuration is rendered
	// from config.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	ConfigMapName string `json:"configMapName,omitempty"`

	// basePath is the path at which Superset serves, such as /analytics. It needs Superset
	// 6.0.0 or newer. Default: none; Superset serves at /.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[A-Za-z0-9._~-]+)+$')",message="write a path that begins with a slash and does not end with one, such as /analytics; remove basePath to serve at /"
	BasePath string `json:"basePath,omitempty"`

	// statsdHost is the host name or address to which the component sends StatsD, on UDP
	// port 9125. Default: none; nothing is sent.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9.:_-]+$')",message="write a host name or an address without a port, such as bi-statsd"
	StatsdHost string `json:"statsdHost,omitempty"`

	// refresh restarts the pods when its value changes, for example after the content of a
	// Secret that they read has changed. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Refresh string `json:"refresh,omitempty"`

	// serviceAccountName names the ServiceAccount of the pods, in the same namespace. They get
	// no token for the Kubernetes API. A serviceAccountName in podTemplate wins. Default: the
	// account default.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="write the name of a ServiceAccount of this namespace, such as bi-cloud"
	ServiceAccountName string `json:"serviceAccountName,omitempty"`
	// packages are Python packages that the pods install before they start: wheels only, without
	// what these need. At most 64. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Packages []PinnedPackage `json:"packages,omitempty"`

	// config is added to superset_config.py. For standalone components.
	// +optional
	Config *ConfigSpec `json:"config,omitempty"`

	// mode: Hold keeps the component at zero pods without touching replicas.
	// Default: Serve.
	// +optional
	// +kubebuilder:default=Serve
	Mode Mode `json:"mode,omitempty"`

	// progressDeadlineSeconds is how long a rollout may go without progress before the
	// component is Stalled: at least 1. Set by the Superset that owns the component.
	// Default: 600.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`

	// release is the hash of the release of this component. Set by the Superset that
	// owns the component; do not set it for a standalone component.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Release string `json:"release,omitempty"`

	// fence is the upgradeRevision with which the Superset last wrote this spec. It
	// cannot decrease. Do not set it for a standalone component.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:XValidation:rule="self >= oldSelf",message="fence must not decrease: this write is from an operator that is no longer the leader"
	Fence int64 `json:"fence,omitempty"`
}

// ComponentStatus is the observed state of a component.
type ComponentStatus struct {
	// observedGeneration is the generation of the spec that this status is based on;
	// -1 before the first reconcile.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// fence is the fence of the spec that this status is based on.
	// +optional
	Fence int64 `json:"fence,omitempty"`

	// version is the version in the spec that this status is based on.
	// +optional
	Version string `json:"version,omitempty"`

	// replicas is the number of pods, as reported by the Deployment.
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of ready pods.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`

	// selector selects the pods, for the scale subresource.
	// +optional
	Selector string `json:"selector,omitempty"`

	// conditions: Ready, Available, Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SupersetWebWorkerSpec is the spec of a web tier.
type SupersetWebWorkerSpec struct {
	ComponentSpec `json:",inline"`

	// replicas is the number of web pods: 0 to 1000. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`
}

// SupersetWebWorker is the web tier of a Superset, or a standalone one.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:shortName=ssweb
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 50",message="the name must have at most 50 characters: the names of its pods contain it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label that begins with a letter and has no dot: write for example my-bi instead of my.bi, and bi2 instead of 2bi"
type SupersetWebWorker struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec SupersetWebWorkerSpec `json:"spec"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1,"replicas":0}
	Status ComponentStatus `json:"status,omitzero"`
}

// SupersetWebWorkerList is a list of web tiers.
// +kubebuilder:object:root=true
type SupersetWebWorkerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SupersetWebWorker `json:"items"`
}

// SupersetAsyncWorkerSpec is the spec of a Celery worker tier.
// +kubebuilder:validation:XValidation:rule="has(self.cache)",message="a worker needs a Celery broker: set cache.urlFrom"
type SupersetAsyncWorkerSpec struct {
	ComponentSpec `json:",inline"`

	// replicas is the number of worker pods: 0 to 1000. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`
}

// SupersetAsyncWorker is the Celery worker tier of a Superset, or a standalone one.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:shortName=ssworker
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 50",message="the name must have at most 50 characters: the names of its pods contain it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label that begins with a letter and has no dot: write for example my-bi instead of my.bi, and bi2 instead of 2bi"
type SupersetAsyncWorker struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec SupersetAsyncWorkerSpec `json:"spec"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1,"replicas":0}
	Status ComponentStatus `json:"status,omitzero"`
}

// SupersetAsyncWorkerList is a list of worker tiers.
// +kubebuilder:object:root=true
type SupersetAsyncWorkerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SupersetAsyncWorker `json:"items"`
}

// SupersetAsyncSchedulerSpec is the spec of a Celery beat.
// +kubebuilder:validation:XValidation:rule="has(self.cache)",message="a scheduler needs a Celery broker: set cache.urlFrom"
type SupersetAsyncSchedulerSpec struct {
	ComponentSpec `json:",inline"`
}

// SupersetAsyncScheduler is the Celery beat of a Superset, or a standalone one. It
// always has exactly one pod.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ssbeat
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 50",message="the name must have at most 50 characters: the names of its pods contain it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label that begins with a letter and has no dot: write for example my-bi instead of my.bi, and bi2 instead of 2bi"
type SupersetAsyncScheduler struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec SupersetAsyncSchedulerSpec `json:"spec"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1,"replicas":0}
	Status ComponentStatus `json:"status,omitzero"`
}

// SupersetAsyncSchedulerList is a list of schedulers.
// +kubebuilder:object:root=true
type SupersetAsyncSchedulerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SupersetAsyncScheduler `json:"items"`
}
