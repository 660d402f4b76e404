// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Other is the value of the label reason for a reason that is in no closed set, such as one
// that only a newer operator release knows.
const Other = "Other"

// Reasons of Job attempts that did not fail.
const (
	attemptSucceeded = "Succeeded"
	// attemptLost: the Job succeeded, and its result was lost with its pod.
	attemptLost = "ResultLost"
)

// Results of checks.
const (
	checkPassed = "Passed"
	checkFailed = "Failed"
)

// Triggers of rollbacks.
const (
	triggerFailure    = "Failure"
	triggerAnnotation = "Annotation"
	triggerSpec       = "Spec"
)

// The closed sets of label values.
var (
	phases = texts(v1alpha1.Phases)
	moving = texts(slices.DeleteFunc(slices.Clone(v1alpha1.Phases), state.Resting))
	gates  = []string{v1alpha1.ConditionAwaitingApproval, v1alpha1.ConditionOutsideWindow, v1alpha1.ConditionPaused}
	kinds  = texts([]v1alpha1.UpgradeKind{v1alpha1.KindInstall, v1alpha1.KindUpgrade, v1alpha1.KindConfigChange, v1alpha1.KindRollback})

	results  = texts([]v1alpha1.Result{v1alpha1.ResultSucceeded, v1alpha1.ResultRolledBack, v1alpha1.ResultFailed, v1alpha1.ResultSuperseded})
	triggers = []string{triggerFailure, triggerAnnotation, triggerSpec}
	classes  = texts([]v1alpha1.RollbackClass{v1alpha1.RollbackImage, v1alpha1.RollbackDowngrade, v1alpha1.RollbackRestore})
	checks   = []string{checkPassed, checkFailed}
	tiers    = []string{string(components.Scheduler), string(components.Worker), string(components.Web)}
	slots    = texts([]v1alpha1.SlotKind{v1alpha1.SlotRollout, v1alpha1.SlotUpgrade})
	scripts  = texts(migrations.Scripts)

	attempts = append([]string{attemptSucceeded, attemptLost, Other}, texts(migrations.Reasons)...)
	waits    = append([]string{
		v1alpha1.ReasonPaused, v1alpha1.ReasonAwaitingApproval, v1alpha1.ReasonDataLossNotAccepted, v1alpha1.ReasonOutsideWindow,
		v1alpha1.ReasonWaitingForSlot, v1alpha1.ReasonQueuedBehindMigration, v1alpha1.ReasonQueuedBehindStage,
		v1alpha1.ReasonQueuedBehindRollback, v1alpha1.ReasonRetrying, v1alpha1.ReasonBlocked, v1alpha1.ReasonOverdue,
		v1alpha1.ReasonNameConflict, v1alpha1.ReasonReconcileError, v1alpha1.ReasonReleaseMissing, v1alpha1.ReasonTierNotReady,
		v1alpha1.ReasonUnknown, Other,
	}, texts(transient())...)
	actions = append([]string{
		v1alpha1.ReasonAwaitingApproval, v1alpha1.ReasonDataLossNotAccepted, v1alpha1.ReasonRolledBack,
		v1alpha1.ReasonSpecInvalid, v1alpha1.ReasonUnsupportedVersion, v1alpha1.ReasonVersionSkip, v1alpha1.ReasonDowngradeRefused,
		v1alpha1.ReasonDatabaseNotEmpty, v1alpha1.ReasonDeadlineExceeded, v1alpha1.ReasonBackupLost, v1alpha1.ReasonStopped, Other,
	}, texts(migrations.Reasons)...)
)

// transient are the reasons of a Job with which its next attempt waits.
func transient() []migrations.Reason {
	return slices.DeleteFunc(slices.Clone(migrations.Reasons), func(r migrations.Reason) bool { return !r.Transient() })
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// bounded is a value of a closed set; Other for what is not in it.
func bounded(value string, set []string) string {
	if slices.Contains(set, value) {
		return value
	}
	return Other
}
