// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// ConfigSpec is the user's part of superset_config.py.
type ConfigSpec struct {
	// settings are variables of superset_config.py, such as ROW_LIMIT: 5000. Values are JSON
	// and become Python literals. They follow the code that the operator generates and precede
	// raw. Names consist of capitals, digits and _; at most 200, with 128 KiB as Python. Do not
	// put secrets into it. The phase Validate refuses other names.
	// Default: none.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MaxProperties=200
	Settings map[string]apiextensionsv1.JSON `json:"settings,omitempty"`

	// raw is Python code that follows the code that the operator generates in
	// superset_config.py. The operator sets the secret key, the database URI and the
	// broker again after it. It is stored in a ConfigMap: do not put secrets into it,
	// read them from environment variables. At most 256 KiB. Default: empty.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Raw string `json:"raw,omitempty"`
}

// SupersetConfigSpec is the user's part of superset_config.py, and the files next to it.
type SupersetConfigSpec struct {
	ConfigSpec `json:",inline"`

	// from are texts of Python that run in this order after settings and before raw, as if
	// they were part of it. Each is copied into the release when a run begins, and a rollback
	// brings it back: see revision. At most 16. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	From []ConfigSource `json:"from,omitempty"`

	// files are files in /etc/superset of every pod that runs Superset, by name. Python files
	// can be imported. What is referred to is copied as that of from is. All together have at
	// most 384 KiB with those of from. At most 32. Default: none.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[A-Za-z0-9][A-Za-z0-9._-]*$') && k != 'superset_config.py')",message="the name of a file in config.files consists of letters, digits, -, _ and ., begins with a letter or digit, and is not superset_config.py: write for example ca.pem"
	Files map[string]ConfigFile `json:"files,omitempty"`

	// revision is any text, such as a date or a commit. The operator reads what from and files
	// refer to once per revision: change it to roll out what is in the ConfigMaps now. Default:
	// empty.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`
}

// ConfigSource is where a text of Python is.
type ConfigSource struct {
	// configMapKeyRef is a key of a ConfigMap in the same namespace.
	// +required
	ConfigMapKeyRef ConfigMapKeyReference `json:"configMapKeyRef"`
}

// ConfigFile is the content of a file.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.configMapKeyRef)",message="set value or configMapKeyRef: each file has one of the two"
type ConfigFile struct {
	// value is the text of the file: at most 256 KiB.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Value *string `json:"value,omitempty"`

	// configMapKeyRef is a key of a ConfigMap in the same namespace, whose value is text.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyReference `json:"configMapKeyRef,omitempty"`
}

// ConfigMapKeyReference names one key of a ConfigMap in the same namespace.
type ConfigMapKeyReference struct {
	// name of the ConfigMap, in the namespace of this object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key within the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}
