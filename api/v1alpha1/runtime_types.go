// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// RuntimeSpec is what all pods of a Superset share: version, image, secret key,
// database and cache.
type RuntimeSpec struct {
	// version is the Superset release to run: a full semantic version without a
	// leading "v", for example 6.0.0. Changing it starts a staged upgrade.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-([0-9A-Za-z-]+[.])*[0-9A-Za-z-]*[0-9A-Za-z])?$')",message="version must be a full semantic version without a leading v that ends with a letter or digit: write for example 6.0.0 or 6.0.0-acme.1"
	Version string `json:"version"`

	// image is the container image. Default: apache/superset with the version as its
	// tag. Since 4.1 the official images contain no database driver: build an image
	// with one (see the samples), or add it to packages.
	// +optional
	// +kubebuilder:default={}
	Image ImageSpec `json:"image,omitzero"`

	// secretKeyFrom names the Secret key that contains Superset's SECRET_KEY. The
	// operator never reads the Secret; pods reference it.
	// +required
	SecretKeyFrom SecretKeyReference `json:"secretKeyFrom"`

	// database is the metadata database.
	// +required
	Database DatabaseSpec `json:"database"`

	// cache is the Redis (or Valkey) for caches, results backend and Celery broker.
	// Required if there is a worker or a scheduler.
	// +optional
	Cache *CacheSpec `json:"cache,omitempty"`

	// featureFlags are Superset's FEATURE_FLAGS, such as ALERT_REPORTS: true. They precede
	// config.from and config.raw. Names consist of capitals, digits and _; at most 200.
	// Default: none; Superset's own.
	// +optional
	// +kubebuilder:validation:MaxProperties=200
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[A-Z][A-Z0-9_]*$'))",message="the name of a feature flag consists of capitals, digits and _, and begins with a capital: write for example ALERT_REPORTS"
	FeatureFlags map[string]bool `json:"featureFlags,omitempty"`

	// packagesIndex is where packages come from. Default: as pip of the image is configured.
	// +optional
	PackagesIndex *PackagesIndexSpec `json:"packagesIndex,omitempty"`
}

// ImageSpec names a container image.
type ImageSpec struct {
	// repository of the image, without tag. Default: apache/superset.
	// +optional
	// +kubebuilder:default="apache/superset"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Repository string `json:"repository,omitempty"`

	// tag of the image. Default: the version. If tag is set, version must still be
	// the release that the image contains.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$')",message="tag must be an image tag, such as 6.0.0-py311; a digest goes into image.digest"
	Tag string `json:"tag,omitempty"`

	// digest pins the image: sha256: followed by 64 hexadecimal digits. A tag can be
	// overwritten in the registry, a digest cannot. Default: none.
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

// Resources of a container. Resource claims must be set in podTemplate.
type Resources struct {
	// limits of the container. Default: none.
	// +optional
	Limits corev1.ResourceList `json:"limits,omitempty"`

	// requests of the container, such as memory: 2Gi.
	// +optional
	Requests corev1.ResourceList `json:"requests,omitempty"`
}

// PodSettings are the settings of the pods of one component.
type PodSettings struct {
	// resources of the main container. Default: requests per component, no limits.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// command of the main container. Default: that of the component.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// args of the main container. Default: those of the component; none if command
	// is set.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Args []string `json:"args,omitempty"`

	// env adds variables to the main container. They win over those of spec.env of the
	// Superset and over envFrom. At most 100.
	// +optional
	// +listType=map
	// +listMapKey=name
	Env EnvVars `json:"env,omitempty"`

	// envFrom adds all keys of Secrets and ConfigMaps as variables to the main container, after
	// those of spec.envFrom of the Superset: the last of a name wins. env and variables of the
	// operator win over them.
	// +optional
	// +listType=atomic
	EnvFrom EnvFromSources `json:"envFrom,omitempty"`

	// podTemplate is a strategic merge patch, with metadata and spec, for the
	// operator's pod template. The main container is named "superset". Validate
	// rejects unknown fields. Default: none.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`
}
