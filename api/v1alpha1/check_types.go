// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// WebAccess says whether Jobs reach web.
// +kubebuilder:validation:Enum=Reachable;Unreachable
type WebAccess string

const (
	// WebReachable means that web has answered a Job.
	WebReachable WebAccess = "Reachable"
	// WebUnreachable means that web did not answer a Job although a pod of it was ready, for
	// example because of a network policy.
	WebUnreachable WebAccess = "Unreachable"
)

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
