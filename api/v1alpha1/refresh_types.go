// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SecretName is the name of a Secret in the same namespace: a DNS subdomain.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="write the name of a Secret of this namespace alone, such as bi-database"
type SecretName string

// RefreshSecretsStatus is what the tiers were last restarted for.
type RefreshSecretsStatus struct {
	// versions are those of the Secrets in spec.refreshSecrets, by name: a hash of uid and
	// resourceVersion, never of the content.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Versions map[string]string `json:"versions,omitempty"`

	// token is part of the release, together with spec.refresh: it is new after each change.
	// Empty until the first one. It stays when spec.refreshSecrets is emptied.
	// +optional
	Token string `json:"token,omitempty"`
}
