// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// JobRecord is the end of a Job. It is recorded the first time that it is seen: afterwards
// the Job and its pod may be deleted without effect.
type JobRecord struct {
	// script of the Job, such as preflight.
	Script string `json:"script"`
	// attempt is the number of the Job's attempt, from 1.
	Attempt int32 `json:"attempt"`
	// uncounted is the number of earlier attempts that do not count towards the maximum:
	// they waited for another migration, or their results were lost.
	// +optional
	Uncounted int32 `json:"uncounted,omitempty"`
	// finishedAt is when the Job ended.
	FinishedAt metav1.Time `json:"finishedAt"`
	// result is what the Job reported, as JSON; empty if it succeeded and its result was
	// lost with its pod.
	// +optional
	// +kubebuilder:validation:MaxLength=8192
	Result string `json:"result,omitempty"`
}
