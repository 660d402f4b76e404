// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// RuntimeSpec is what every pod of a Superset shares: the version, the image
// and the services behind it.
type RuntimeSpec struct {
	// version is the Superset release to run: a full semantic version without a
	// leading "v", for example 6.0.0. Changing it starts a staged upgrade.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$')",message="version must be a full semantic version without a leading v: write for example 6.0.0"
	Version string `json:"version"`

	// image says where the container image comes from. Default: apache/superset
	// with the version as its tag. The official images from 4.1 on contain no
	// database driver: build one that does (see the samples).
	// +optional
	// +kubebuilder:default={}
	Image ImageSpec `json:"image,omitzero"`

	// secretKeyFrom names the Secret key that holds Superset's SECRET_KEY. The
	// operator never reads the Secret; pods take the value by reference.
	// +required
	SecretKeyFrom SecretKeyReference `json:"secretKeyFrom"`

	// database is the metadata database.
	// +required
	Database DatabaseSpec `json:"database"`

	// cache is the Redis (or Valkey) behind caches, results backend and Celery
	// broker. Required as soon as there is a worker or a scheduler.
	// +optional
	Cache *CacheSpec `json:"cache,omitempty"`
}

// ImageSpec names a container image.
type ImageSpec struct {
	// repository of the image, without tag. Default: apache/superset.
	// +optional
	// +kubebuilder:default="apache/superset"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Repository string `json:"repository,omitempty"`

	// tag of the image. Default: the version. A tag that does not start with the
	// version is used as it is; version still says which release it holds.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$')",message="tag must be an image tag, such as 6.0.0-py311; a digest goes into image.digest"
	Tag string `json:"tag,omitempty"`

	// digest pins the image: sha256: and 64 hexadecimal digits. Tags can be
	// pushed again; a digest cannot. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^sha256:[a-f0-9]{64}$')",message="digest must be sha256: followed by 64 hexadecimal digits"
	Digest string `json:"digest,omitempty"`

	// pullPolicy of the image. Default: IfNotPresent.
	// +optional
	// +kubebuilder:default=IfNotPresent
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	PullPolicy corev1.PullPolicy `json:"pullPolicy,omitempty"`

	// pullSecrets are the names of Secrets in the same namespace with registry
	// credentials. At most 8. Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=253
	PullSecrets []string `json:"pullSecrets,omitempty"`
}

// SecretKeyReference names one key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name of the Secret, in the namespace of this object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key within the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// DatabaseSpec says how to reach the metadata database.
type DatabaseSpec struct {
	// uriFrom names the Secret key that holds the SQLAlchemy URI of the metadata
	// database, for example postgresql+psycopg2://user:password@host:5432/superset.
	// +required
	URIFrom SecretKeyReference `json:"uriFrom"`
}

// CacheSpec says how to reach Redis or Valkey.
type CacheSpec struct {
	// urlFrom names the Secret key that holds the URL, for example
	// redis://:password@host:6379/0 (rediss:// for TLS). Caches, results backend
	// and Celery broker all use it, with key prefixes of their own.
	// +required
	URLFrom SecretKeyReference `json:"urlFrom"`
}

// ConfigSpec is what the user adds to superset_config.py.
type ConfigSpec struct {
	// raw is Python that follows what the operator generates in
	// superset_config.py. The secret key, the database URI and the broker are
	// set once more after it. Keep secrets out of it: it stands in a ConfigMap;
	// read them from environment variables. At most 256 KiB. Default: empty.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Raw string `json:"raw,omitempty"`
}

// Resources are those of a container. Claims of devices go into the podTemplate.
type Resources struct {
	// limits are what the container may use at most. Default: none.
	// +optional
	Limits corev1.ResourceList `json:"limits,omitempty"`

	// requests are what is set aside, such as memory: 2Gi.
	// +optional
	Requests corev1.ResourceList `json:"requests,omitempty"`
}

// PodSettings is what a user may say of the pods of one component.
type PodSettings struct {
	// resources of the main container. Default: requests by measured use, no limits.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// command replaces the main container's. Default: what the component needs.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// args replaces the main container's. Default: what the component needs; none
	// with command.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Args []string `json:"args,omitempty"`

	// env adds variables to the main container. At most 100.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule="self.all(e, !e.name.matches('^SUPERSET_(SECRET_KEY|DATABASE_URI|CACHE_URL|CONFIG_PATH|HOME)$'))",message="env must not set SUPERSET_SECRET_KEY, SUPERSET_DATABASE_URI, SUPERSET_CACHE_URL, SUPERSET_CONFIG_PATH or SUPERSET_HOME: the operator sets them from secretKeyFrom, database and cache"
	Env []EnvVar `json:"env,omitempty"`

	// podTemplate is a strategic-merge patch, with metadata and spec, over the
	// operator's pod template; the main container is called "superset". Unknown
	// fields are refused in Validate. Default: none.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`
}
