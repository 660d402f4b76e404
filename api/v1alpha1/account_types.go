// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ServiceAccountSpec is the identity of the pods. A pod never gets a token for the Kubernetes
// API: the account is for what a cloud ties to it. That pods run as an account is part of the
// release, its annotations are not: one account serves the old and the new pods of a run.
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.annotations)",message="name is an account of yours, which the operator does not change: remove annotations and annotate that account, or remove name"
type ServiceAccountSpec struct {
	// name of a ServiceAccount in the same namespace that exists already. Default: the operator
	// creates one with the name of the Superset.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="write the name of a ServiceAccount of this namespace, such as bi-cloud"
	Name string `json:"name,omitempty"`

	// annotations of the account that the operator creates, such as those with which a cloud
	// gives pods an identity. A change takes effect at once. Pods that read it when they start
	// need a new value of refresh. Default: none.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('superset-operator.dev/'))",message="annotations below superset-operator.dev/ are the operator's: choose another name"
	Annotations map[string]string `json:"annotations,omitempty"`
}
