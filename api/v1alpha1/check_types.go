// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// CheckStatus is what one check of Verify found.
type CheckStatus struct {
	// name of the check, such as LoginPage.
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name"`
	// ok is true when it passed.
	OK bool `json:"ok"`
	// detail is what it saw.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Detail string `json:"detail,omitempty"`
}
