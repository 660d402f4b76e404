// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Result is the outcome of a run.
// +kubebuilder:validation:Enum=Succeeded;RolledBack;Failed;Superseded
type Result string

const (
	// ResultSucceeded means that the target release runs and was verified.
	ResultSucceeded Result = "Succeeded"
	// ResultRolledBack means that the previous release runs again.
	ResultRolledBack Result = "RolledBack"
	// ResultFailed means that the run ended in the phase Failed.
	ResultFailed Result = "Failed"
	// ResultSuperseded means that a change of spec replaced the run before its end.
	ResultSuperseded Result = "Superseded"
)

// HistoryEntry describes one run that has ended.
type HistoryEntry struct {
	// revision is the upgradeRevision at the end of the run.
	Revision int64 `json:"revision"`
	// release is the hash of the run's target release, which a rollback to this
	// revision restores.
	// +optional
	Release string `json:"release,omitempty"`
	// kind of the run.
	Kind UpgradeKind `json:"kind"`
	// from is the version before the run; empty for an install.
	// +optional
	From string `json:"from,omitempty"`
	// to is the version of the target release.
	To string `json:"to"`
	// result of the run.
	Result Result `json:"result"`
	// startedAt is when the run began.
	StartedAt metav1.Time `json:"startedAt"`
	// finishedAt is when the run ended.
	FinishedAt metav1.Time `json:"finishedAt"`
	// phases lists the phases and their durations, for example
	// "Validate 14s, DBMigrate 21s".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Phases string `json:"phases,omitempty"`
	// locks describes the locks of a migration under live traffic, for example
	// "11 tries, waited 4.2s, held 0.5s".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Locks string `json:"locks,omitempty"`
	// backup that the run took.
	// +optional
	Backup string `json:"backup,omitempty"`
	// rollback is the rollback class, if the run was rolled back.
	// +optional
	Rollback RollbackClass `json:"rollback,omitempty"`
	// approval is the token that approved the plan of the run.
	// +optional
	Approval string `json:"approval,omitempty"`
	// reason of the failure, if the run failed.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// PhaseRecord is one phase of a run.
type PhaseRecord struct {
	// phase that was entered.
	Phase Phase `json:"phase"`
	// startedAt is when it was entered.
	StartedAt metav1.Time `json:"startedAt"`
	// seconds that it took; absent for the current phase.
	// +optional
	Seconds *int64 `json:"seconds,omitempty"`
}

// Failure says where and why a run failed.
type Failure struct {
	// phase that failed.
	Phase Phase `json:"phase"`
	// reason as one CamelCase word.
	Reason string `json:"reason"`
	// message says what is wrong and what to do.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// LastHandled has the last handled token of each annotation.
type LastHandled struct {
	// rollback is the last handled token of superset-operator.dev/rollback.
	// +optional
	Rollback string `json:"rollback,omitempty"`
	// approve is the last token of superset-operator.dev/approve that opened a
	// gate.
	// +optional
	Approve string `json:"approve,omitempty"`
	// retry is the last handled token of superset-operator.dev/retry.
	// +optional
	Retry string `json:"retry,omitempty"`
	// acceptDataLoss is the last token of superset-operator.dev/accept-data-loss
	// that was accepted.
	// +optional
	AcceptDataLoss string `json:"acceptDataLoss,omitempty"`
}
