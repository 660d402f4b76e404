// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels that the operator sets. Selectors use the recommended labels
// (app.kubernetes.io/...) of the Kubernetes documentation.
const (
	// LabelManagedBy with the value ManagedBy marks every object that the operator
	// creates. Its caches contain only objects with this label.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "superset-operator"
	// LabelName is always "superset".
	LabelName = "app.kubernetes.io/name"
	// LabelInstance is the name of the Superset, or of the standalone component.
	LabelInstance = "app.kubernetes.io/instance"
	// LabelBackupsOf is on claims for backups, in place of LabelInstance: the name of the
	// Superset. Argo CD would prune a claim with LabelInstance that is not in its source.
	LabelBackupsOf = "superset-operator.dev/instance"
	// LabelComponent is web, worker, scheduler or job.
	LabelComponent = "app.kubernetes.io/component"
	// LabelVersion is the version of Superset in a pod.
	LabelVersion = "app.kubernetes.io/version"
	// LabelRelease is the hash of the release that a pod belongs to.
	LabelRelease = "superset-operator.dev/release"
	// LabelScript is the script that a Job runs: preflight, rehearse, backup, migrate,
	// verify, downgrade or restore.
	LabelScript = "superset-operator.dev/script"
	// LabelFence is the upgradeRevision that a Job belongs to.
	LabelFence = "superset-operator.dev/fence"
	// LabelAttempt is the number of a Job's attempt, from 1.
	LabelAttempt = "superset-operator.dev/attempt"
)

// Annotations that a user writes. Their values are one-shot tokens: a token is
// handled if it differs from the one in status.lastHandled. It need not be removed.
const (
	// AnnotationRollback requests a rollback. The value is a revision number of
	// status.history or a version; any other value means the previous release.
	AnnotationRollback = "superset-operator.dev/rollback"
	// AnnotationApprove approves a plan. The value is the plan hash; for a gated phase
	// it is the plan hash, a slash and the phase.
	AnnotationApprove = "superset-operator.dev/approve"
	// AnnotationAcceptDataLoss accepts the loss of data: by a plan without a rollback,
	// or by restoring a backup over newer data. The value is the hash in the message of
	// the condition.
	AnnotationAcceptDataLoss = "superset-operator.dev/accept-data-loss"
	// AnnotationRetry requests another attempt to reach a failed or rolled back target.
	AnnotationRetry = "superset-operator.dev/retry"
)

// Annotations that the operator writes.
const (
	// AnnotationSyncOptions is on claims for backups. With the value NoPrune Argo CD does
	// not prune them.
	AnnotationSyncOptions = "argocd.argoproj.io/sync-options"
	// NoPrune is the value of AnnotationSyncOptions.
	NoPrune = "Prune=false"
	// AnnotationApplied is the hash of the last applied configuration, so that an
	// unchanged configuration is not applied again.
	AnnotationApplied = "superset-operator.dev/applied"
	// AnnotationRendered is on Deployments. It identifies the component spec and the
	// renderer version that the pod template was rendered from.
	AnnotationRendered = "superset-operator.dev/rendered"
	// AnnotationGeneration is on Deployments. It is the generation of the component
	// that the Deployment was rendered from.
	AnnotationGeneration = "superset-operator.dev/generation"
)
