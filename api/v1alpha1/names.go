// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels that the operator sets. Selectors use the recommended labels
// (app.kubernetes.io/...) of the Kubernetes documentation.
const (
	// LabelManagedBy and its value ManagedBy mark everything that the operator
	// makes; its caches hold nothing else.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "superset-operator"
	// LabelName is always "superset".
	LabelName = "app.kubernetes.io/name"
	// LabelInstance is the name of the Superset, or of the component used alone.
	LabelInstance = "app.kubernetes.io/instance"
	// LabelComponent is web, worker, scheduler or job.
	LabelComponent = "app.kubernetes.io/component"
	// LabelVersion is the version of Superset in a pod.
	LabelVersion = "app.kubernetes.io/version"
	// LabelRelease is the hash of the release that a pod belongs to.
	LabelRelease = "superset-operator.dev/release"
	// LabelScript is the script that a Job runs: preflight, backup, migrate, verify,
	// downgrade or restore.
	LabelScript = "superset-operator.dev/script"
	// LabelFence is the upgradeRevision that a Job belongs to.
	LabelFence = "superset-operator.dev/fence"
	// LabelAttempt is the number of a Job's attempt, from 1.
	LabelAttempt = "superset-operator.dev/attempt"
)

// Annotations that a user writes: one-shot tokens. A token is handled when it
// differs from status.lastHandled, and never needs to be removed.
const (
	// AnnotationRollback asks for a rollback. A revision number or a version
	// names the target; any other value means the release before.
	AnnotationRollback = "superset-operator.dev/rollback"
	// AnnotationApprove approves a plan by its hash, or a gated phase by the hash,
	// a slash and the phase.
	AnnotationApprove = "superset-operator.dev/approve"
	// AnnotationAcceptDataLoss accepts that data is lost: with the hash that the
	// condition's message names, of a plan that cannot be taken back or of a backup
	// that is put back over newer data.
	AnnotationAcceptDataLoss = "superset-operator.dev/accept-data-loss"
	// AnnotationRetry asks to try a failed or rolled back target again.
	AnnotationRetry = "superset-operator.dev/retry"
)

// Annotations that the operator writes.
const (
	// AnnotationApplied is the hash of what was last applied, so that nothing is
	// applied twice.
	AnnotationApplied = "superset-operator.dev/applied"
	// AnnotationRendered says on a Deployment from which component spec, and by
	// which edition of the operator's builders, its pod template was rendered.
	AnnotationRendered = "superset-operator.dev/rendered"
	// AnnotationGeneration says on a Deployment which generation of the component
	// it was made from.
	AnnotationGeneration = "superset-operator.dev/generation"
)
