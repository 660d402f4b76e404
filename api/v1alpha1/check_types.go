// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// CheckStatus is the result of one check of Verify.
type CheckStatus struct {
	// name of the check, such as LoginPage.
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name"`
	// ok is true if the check passed.
	OK bool `json:"ok"`
	// detail says what was observed.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Detail string `json:"detail,omitempty"`
}
