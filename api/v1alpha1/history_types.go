// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Result is how a run of the machine ended.
// +kubebuilder:validation:Enum=Succeeded;RolledBack;Failed;Superseded
type Result string

const (
	// ResultSucceeded is a run whose target runs and was verified.
	ResultSucceeded Result = "Succeeded"
	// ResultRolledBack is a run after which the release before runs again.
	ResultRolledBack Result = "RolledBack"
	// ResultFailed is a run that stopped in Failed.
	ResultFailed Result = "Failed"
	// ResultSuperseded is a run that another spec replaced before its end.
	ResultSuperseded Result = "Superseded"
)

// HistoryEntry is one line of history.
type HistoryEntry struct {
	// revision is the upgradeRevision at the end of the run.
	Revision int64 `json:"revision"`
	// release is the hash of the release that the run led to: what a rollback to
	// this revision puts back.
	// +optional
	Release string `json:"release,omitempty"`
	// kind says what started the run.
	Kind UpgradeKind `json:"kind"`
	// from is the version that ran before; empty for an install.
	// +optional
	From string `json:"from,omitempty"`
	// to is the version that the run led to.
	To string `json:"to"`
	// result says how it ended.
	Result Result `json:"result"`
	// startedAt is when the run began.
	StartedAt metav1.Time `json:"startedAt"`
	// finishedAt is when it ended.
	FinishedAt metav1.Time `json:"finishedAt"`
	// phases is a line of the phases and their seconds, such as
	// "Validate 14s, DBMigrate 21s".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Phases string `json:"phases,omitempty"`
	// locks is a line such as "11 tries, waited 4.2s, held 0.5s", for a migration
	// beside live traffic.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Locks string `json:"locks,omitempty"`
	// backup that the run took.
	// +optional
	Backup string `json:"backup,omitempty"`
	// rollback is the class of the way back, for a run that was taken back.
	// +optional
	Rollback RollbackClass `json:"rollback,omitempty"`
	// approval is the token that opened the run's gate.
	// +optional
	Approval string `json:"approval,omitempty"`
	// reason of the failure, if it failed.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// LastHandled has the token of each annotation verb that was handled last.
type LastHandled struct {
	// rollback is the last token of superset-operator.dev/rollback.
	// +optional
	Rollback string `json:"rollback,omitempty"`
	// approve is the last token of superset-operator.dev/approve that opened a
	// gate.
	// +optional
	Approve string `json:"approve,omitempty"`
	// retry is the last token of superset-operator.dev/retry.
	// +optional
	Retry string `json:"retry,omitempty"`
	// acceptDataLoss is the last token of superset-operator.dev/accept-data-loss
	// that opened a way.
	// +optional
	AcceptDataLoss string `json:"acceptDataLoss,omitempty"`
}
