// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// corev1.EnvVar would make up a third of the CRD. The types below are in the CRD of a
// Superset five times and deeply indented, so keep each field description to one line.

// EnvVars are environment variables, by name.
// +kubebuilder:validation:MaxItems=100
// +kubebuilder:validation:XValidation:rule="self.all(e, !e.name.matches('^SUPERSET_(SECRET_KEY|DATABASE_URI|CACHE_URL|CACHE_KEY_PREFIX|CONFIG_PATH|HOME)$'))",message="env must not set SUPERSET_SECRET_KEY, SUPERSET_DATABASE_URI, SUPERSET_CACHE_URL, SUPERSET_CACHE_KEY_PREFIX, SUPERSET_CONFIG_PATH or SUPERSET_HOME: the operator sets them from secretKeyFrom, database and cache"
type EnvVars []EnvVar

// EnvVar is an environment variable, as in a pod spec.
// +kubebuilder:validation:XValidation:rule="!(has(self.value) && has(self.valueFrom))",message="set value or valueFrom, not both"
type EnvVar struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`

	// value; $(NAME) refers to an earlier variable. Default: empty.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Value string `json:"value,omitempty"`

	// valueFrom is the source of the value.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is the source of a value; exactly one field is set.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=1
type EnvVarSource struct {
	// secretKeyRef is a key of a Secret.
	// +optional
	SecretKeyRef *KeySelector `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap.
	// +optional
	ConfigMapKeyRef *KeySelector `json:"configMapKeyRef,omitempty"`

	// fieldRef is a field of the pod.
	// +optional
	FieldRef *FieldSelector `json:"fieldRef,omitempty"`
}

// KeySelector names one key of a Secret or ConfigMap. The API server validates the
// names when the pod is created.
type KeySelector struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`

	// key within it.
	// +required
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`

	// optional: true starts the pod even if the key does not exist.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}

// FieldSelector names a field of the pod.
type FieldSelector struct {
	// fieldPath, such as metadata.name.
	// +required
	// +kubebuilder:validation:MinLength=1
	FieldPath string `json:"fieldPath"`
}

// EnvFromSources are objects whose keys become environment variables.
// +kubebuilder:validation:MaxItems=20
type EnvFromSources []EnvFromSource

// EnvFromSource is an object whose keys become environment variables.
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="set secretRef or configMapRef: each item of envFrom has one of the two"
type EnvFromSource struct {
	// prefix is put before each name, such as BI_. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_.-]*$')",message="prefix must begin with a letter or _ and consist of letters, digits, _, . and -: write for example BI_"
	Prefix string `json:"prefix,omitempty"`

	// secretRef is a Secret.
	// +optional
	SecretRef *ObjectSelector `json:"secretRef,omitempty"`

	// configMapRef is a ConfigMap.
	// +optional
	ConfigMapRef *ObjectSelector `json:"configMapRef,omitempty"`
}

// ObjectSelector names a Secret or ConfigMap in the same namespace.
type ObjectSelector struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// optional: true starts the pod even if the object does not exist.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}
