// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// SupersetSpec is the desired state of a deployment of Apache Superset.
// +kubebuilder:validation:XValidation:rule="has(self.cache) || (!has(self.worker) && !has(self.scheduler))",message="worker and scheduler need a Celery broker: set cache.urlFrom"
// +kubebuilder:validation:XValidation:rule="has(self.web) || has(self.worker) || has(self.scheduler)",message="no component is enabled: set web, worker or scheduler (web: {} is enough)"
// +kubebuilder:validation:XValidation:rule="has(self.cache) || !has(self.monitoring) || !has(self.monitoring.healthExporter)",message="monitoring.healthExporter asks the Celery broker: set cache.urlFrom, or remove healthExporter"
type SupersetSpec struct {
	RuntimeSpec `json:",inline"`

	// previousSecretKeyFrom names the Secret key with the previous SECRET_KEY. Set it
	// together with a new secretKeyFrom to rotate the key: every tier is stopped,
	// stored secrets are re-encrypted, and the tiers start with the new key. Store the
	// new key under a different Secret name or key, and keep the old one for a
	// rollback. Remove the field when you no longer need to roll back. Default: none.
	// +optional
	PreviousSecretKeyFrom *SecretKeyReference `json:"previousSecretKeyFrom,omitempty"`

	// createDatabase creates the metadata database if it does not exist. The user in
	// the URI needs the privilege to do so. Default: false.
	// +optional
	CreateDatabase bool `json:"createDatabase,omitempty"`

	// config is added to superset_config.py.
	// +optional
	Config SupersetConfigSpec `json:"config,omitzero"`

	// env adds variables to all pods that run Superset, those of Jobs included. A variable of
	// the same name in web, worker, scheduler or jobs takes its place. Each pod has at most 100
	// with both. Default: none.
	// +optional
	// +listType=map
	// +listMapKey=name
	Env EnvVars `json:"env,omitempty"`

	// envFrom adds all keys of Secrets and ConfigMaps as variables to the same pods, but not to
	// containers that run an image of a database. Each pod has at most 20 with those of web,
	// worker, scheduler or jobs. Default: none.
	// +optional
	// +listType=atomic
	EnvFrom EnvFromSources `json:"envFrom,omitempty"`

	// packages are Python packages that the image lacks, such as psycopg2-binary: wheels only.
	// Validate resolves once what is missing, with the versions of the image as constraints;
	// every pod that runs Superset installs exactly that before it starts. They are resolved
	// again when the list, version, image or packagesIndex changes. At most 32. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Packages []PackageRequirement `json:"packages,omitempty"`

	// web enables and configures the web tier (gunicorn).
	// +optional
	Web *WebSpec `json:"web,omitempty"`

	// worker enables and configures the Celery worker tier.
	// +optional
	Worker *WorkerSpec `json:"worker,omitempty"`

	// scheduler enables and configures the Celery beat. There is always exactly one.
	// +optional
	Scheduler *SchedulerSpec `json:"scheduler,omitempty"`

	// jobs configures the pods of the Jobs. The limits in its resources apply to every
	// container that the operator adds to a Job, and to the maintenance page; requests
	// above them are lowered.
	// +optional
	Jobs *JobsSpec `json:"jobs,omitempty"`

	// serviceAccount is the account of the pods that run Superset, those of Jobs included; a
	// serviceAccountName in a podTemplate wins. Default: the account default of the namespace.
	// +optional
	ServiceAccount *ServiceAccountSpec `json:"serviceAccount,omitempty"`

	// podTemplate is a strategic merge patch for all pod templates, including those of
	// Jobs. The patches of web, worker, scheduler and jobs are applied after it.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`

	// monitoring runs pods that serve metrics of Superset itself. Default: none.
	// +optional
	Monitoring *MonitoringSpec `json:"monitoring,omitempty"`

	// refresh restarts every tier in the order of an upgrade when its value changes, for example
	// after the content of a Secret that pods read has changed: any text, such as a date. It is
	// part of the release. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Refresh string `json:"refresh,omitempty"`

	// refreshSecrets are Secrets of the namespace whose change restarts every tier, as a new
	// refresh does. The operator reads their metadata every 5 minutes, and needs a Role of yours
	// for it, with the verb get on exactly these names: the condition SecretsInSync has the
	// command. Any write to such a Secret counts, also that of a label. While the phase is not
	// Ready a change waits. Adding a name restarts nothing. At most 16. Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	RefreshSecrets []SecretName `json:"refreshSecrets,omitempty"`

	// init says what is done in the metadata database after its migration. Default: superset
	// init alone.
	// +optional
	Init *InitSpec `json:"init,omitempty"`

	// upgrade says how changes of the release are rolled out.
	// +optional
	Upgrade UpgradeSpec `json:"upgrade,omitzero"`

	// paused stops the state machine: no phase begins, and no Job is created. Serving,
	// scaling and self-healing continue, and a running Job is not stopped. Default:
	// false.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// historyLimit is the number of stored releases for rollbacks and the maximum
	// number of entries in status.history: 1 to 50. A release in use is never deleted.
	// Default: 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	HistoryLimit *int32 `json:"historyLimit,omitempty"`
}

// WebSpec configures the web tier of a Superset.
type WebSpec struct {
	// replicas of the web tier: 0 to 1000. If omitted, it starts with one replica, and
	// the operator does not change the number afterwards: an autoscaler may set it
	// through the scale subresource of the SupersetWebWorker.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`

	// basePath is the path at which Superset serves, such as /analytics: all tiers get it as
	// SUPERSET_APP_ROOT. It needs Superset 6.0.0 or newer. Default: none; Superset serves
	// at /.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[A-Za-z0-9._~-]+)+$')",message="write a path that begins with a slash and does not end with one, such as /analytics; remove basePath to serve at /"
	BasePath string `json:"basePath,omitempty"`

	// url is the address at which users reach Superset, if there is a proxy or an Ingress in
	// front of it: scheme and host, such as https://bi.example.com. Then Superset trusts the
	// X-Forwarded headers of one proxy (ENABLE_PROXY_FIX), makes links with that scheme
	// (PREFERRED_URL_SCHEME), and writes the address into reports
	// (WEBDRIVER_BASEURL_USER_FRIENDLY); settings in config win. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([A-Za-z0-9.-]+|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?/?$')",message="write scheme and host as users see them, such as https://bi.example.com; a path goes into basePath"
	URL string `json:"url,omitempty"`

	// service configures the Service. Default: ClusterIP, port 8088.
	// +optional
	Service ServiceSpec `json:"service,omitzero"`

	// gunicorn has the options of gunicorn, as run-server.sh of the official images reads them
	// from variables. They win over spec.env, and web.env wins over them. Default: none.
	// +optional
	Gunicorn *GunicornSpec `json:"gunicorn,omitempty"`

	PodSettings `json:",inline"`
}

// WorkerSpec configures the Celery worker tier of a Superset.
// +kubebuilder:validation:XValidation:rule="!has(self.celery) || (!has(self.command) && !has(self.args))",message="celery sets the arguments of the default command: remove command and args, or write the options there and remove celery"
type WorkerSpec struct {
	// replicas of the worker tier: 0 to 1000. If omitted, it starts with one replica,
	// and the operator does not change the number afterwards: an autoscaler may set it
	// through the scale subresource of the SupersetAsyncWorker.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`

	// celery has the options of the workers. Default: prefork with 4 processes.
	// +optional
	Celery *CelerySpec `json:"celery,omitempty"`

	PodSettings `json:",inline"`
}

// SchedulerSpec configures the Celery beat of a Superset. It has no replicas, because
// two instances would send every report twice.
type SchedulerSpec struct {
	PodSettings `json:",inline"`
}

// JobsSpec configures the pods of the Jobs.
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
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="the name must have at most 40 characters: the names of its Jobs and Deployments contain it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name must be a DNS label that begins with a letter and has no dot: write for example my-bi instead of my.bi, and bi2 instead of 2bi"
type Superset struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec SupersetSpec `json:"spec"`

	// status is the observed state.
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
