// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Kubernetes' own type would make a third of the CRD. What stands here is in the CRD
// of a Superset four times, deep enough that a second line of a description costs more
// in blanks than in words: keep each to one line.

// EnvVar is a variable, in the shape of pods.
// +kubebuilder:validation:XValidation:rule="!(has(self.value) && has(self.valueFrom))",message="set value or valueFrom, not both"
type EnvVar struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`

	// value; $(NAME) is an earlier one. Default: empty.
	// +optional
	// +kubebuilder:validation:MaxLength=32768
	Value string `json:"value,omitempty"`

	// valueFrom says where it is.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is where a value comes from.
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

// KeySelector names one key of a Secret or ConfigMap. What these may look like only the
// API server says: a bound on their length alone would catch no real mistake.
type KeySelector struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`

	// key within it.
	// +required
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`

	// optional starts the pod without it.
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
