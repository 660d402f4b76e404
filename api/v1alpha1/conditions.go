// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Ready, Reconciling and Stalled follow kstatus: Reconciling and
// Stalled are present only while they are true, and never at the same time.
const (
	// ConditionReady is true if the desired release runs, was verified and all its
	// pods are ready.
	ConditionReady = "Ready"
	// ConditionReconciling is present while a run is in progress or waits.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present if manual intervention is needed.
	ConditionStalled = "Stalled"
	// ConditionAvailable is true while users are served: at least one web pod is ready.
	ConditionAvailable = "Available"
	// ConditionSchemaInSync is true if the database's revision is the head of the
	// running release.
	ConditionSchemaInSync = "SchemaInSync"
	// ConditionRollbackAvailable is true if there is a rollback target.
	ConditionRollbackAvailable = "RollbackAvailable"
	// ConditionReleaseStored is false while the ControllerRevision of the release that
	// runs is missing and spec asks for another release. Otherwise it is absent.
	ConditionReleaseStored = "ReleaseStored"
	// ConditionSecretsInSync is true if the desired release is that of the Secrets in
	// spec.refreshSecrets as they were last read, and false while one cannot be read, or its
	// change waits. Absent without such Secrets.
	ConditionSecretsInSync = "SecretsInSync"
	// ConditionVersionSupported is true if spec.version is in the range that this
	// operator release supports.
	ConditionVersionSupported = "VersionSupported"
	// ConditionPaused is present while spec.paused is true.
	ConditionPaused = "Paused"
	// ConditionMaintenancePage is true while traffic is routed to the maintenance
	// page, and false while the page should be served but is not ready. Otherwise it
	// is absent.
	ConditionMaintenancePage = "MaintenancePage"
	// ConditionAwaitingApproval is present while a plan or a phase waits for approval, or
	// for the acceptance of a data loss. The message has the command.
	ConditionAwaitingApproval = "AwaitingApproval"
	// ConditionOutsideWindow is present while a plan waits for a maintenance
	// window to open.
	ConditionOutsideWindow = "OutsideWindow"
)

// Reasons for progress and waiting. While a phase makes progress, the reason is the
// name of the phase. The reasons below say why it waits.
const (
	// ReasonPaused: spec.paused is true.
	ReasonPaused = "Paused"
	// ReasonAwaitingApproval: a plan or a phase waits for approval.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonOutsideWindow: a plan waits for a maintenance window.
	ReasonOutsideWindow = "OutsideWindow"
	// ReasonQueuedBehindMigration: an edit or a rollback waits until the running
	// migration has ended.
	ReasonQueuedBehindMigration = "QueuedBehindMigration"
	// ReasonQueuedBehindStage: an edit waits until the stage of the current tier has
	// ended or is stuck.
	ReasonQueuedBehindStage = "QueuedBehindStage"
	// ReasonQueuedBehindRollback: an edit waits until the rollback has ended.
	ReasonQueuedBehindRollback = "QueuedBehindRollback"
	// ReasonRetrying: a Job failed for a transient reason and is retried.
	ReasonRetrying = "Retrying"
	// ReasonBlocked: a pod cannot start, or the API server rejects an object. The
	// message has the cause.
	ReasonBlocked = "Blocked"
	// ReasonOverdue: the phase takes longer than its deadline.
	ReasonOverdue = "Overdue"
	// ReasonNameConflict: an object with a name that the operator needs has a
	// different owner. The operator neither uses nor changes it.
	ReasonNameConflict = "NameConflict"
	// ReasonReconcileError: an error has repeated three times, or has lasted for 30
	// seconds. The operator tries again; the message has the error.
	ReasonReconcileError = "ReconcileError"
	// ReasonReleaseMissing: the ControllerRevision of a release that is in use does not
	// exist. The message says how to get it back.
	ReasonReleaseMissing = "ReleaseMissing"
	// ReasonTierNotReady: the verified release runs, but not all its pods are ready.
	ReasonTierNotReady = "TierNotReady"
)

// Reasons for failures that the operator detects. The reasons that Jobs report are
// listed in internal/migrations.
const (
	// ReasonSpecInvalid: spec cannot be rendered; the message names the field.
	ReasonSpecInvalid = "SpecInvalid"
	// ReasonUnsupportedVersion: this operator release does not support the version.
	ReasonUnsupportedVersion = "UnsupportedVersion"
	// ReasonVersionSkip: the upgrade skips a major version.
	ReasonVersionSkip = "VersionSkip"
	// ReasonDowngradeRefused: spec asks for a lower version that no stored release has.
	ReasonDowngradeRefused = "DowngradeRefused"
	// ReasonDeadlineExceeded: a phase took longer than its deadline.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonJobCrashed: a Job ended without a result, for example killed by the
	// out-of-memory killer.
	ReasonJobCrashed = "JobCrashed"
	// ReasonBackupLost: the claim with the backup to restore is gone or is being deleted.
	ReasonBackupLost = "BackupLost"
	// ReasonStopped: a rollback was requested before anything was changed.
	ReasonStopped = "Stopped"
	// ReasonDataLossNotAccepted: a rollback loses data, or an upgrade could not be rolled
	// back without that, which has not been accepted yet.
	ReasonDataLossNotAccepted = "DataLossNotAccepted"
)

// Reasons for resting phases and for conditions that are not part of a run.
const (
	// ReasonReady: the release runs and was verified.
	ReasonReady = "Ready"
	// ReasonRolledBack: the previous release runs again.
	ReasonRolledBack = "RolledBack"
	// ReasonInSync: the database's revision is the running release's head; or the Secrets in
	// spec.refreshSecrets have not changed since the tiers were restarted for them.
	ReasonInSync = "InSync"
	// ReasonAheadAfterRollback: an Image rollback left the schema newer than the
	// running release.
	ReasonAheadAfterRollback = "AheadAfterRollback"
	// ReasonUnknown: nothing is known about the schema yet.
	ReasonUnknown = "Unknown"
	// ReasonServing: at least one web pod is ready.
	ReasonServing = "Serving"
	// ReasonNotServing: no web pod is ready.
	ReasonNotServing = "NotServing"
	// ReasonHalfMigrated: the schema is partially migrated.
	ReasonHalfMigrated = "HalfMigrated"
	// ReasonNone: there is no rollback target.
	ReasonNone = "None"
	// ReasonSupported: this operator release supports the version.
	ReasonSupported = "Supported"
	// ReasonUnsupported: this operator release does not support the version.
	ReasonUnsupported = "Unsupported"
	// ReasonSecretNotRead: the metadata of a Secret in spec.refreshSecrets cannot be read. The
	// message has the commands that permit it.
	ReasonSecretNotRead = "SecretNotRead"
	// ReasonHeld: the component is held at zero pods.
	ReasonHeld = "Held"
	// ReasonDatabaseNotEmpty: the database has tables of Superset and no revision.
	ReasonDatabaseNotEmpty = "DatabaseNotEmpty"
	// ReasonWaitingForSlot means that as many other runs are under way as the operator allows.
	ReasonWaitingForSlot = "WaitingForSlot"
	// ReasonNoProgress means that a rollout has made no progress for the progress deadline.
	ReasonNoProgress = "NoProgress"
	// ReasonRolling: the component's pods are being replaced.
	ReasonRolling = "Rolling"
)

// Reasons of events only.
const (
	// ReasonRollbackRequested: a rollback token was accepted.
	ReasonRollbackRequested = "RollbackRequested"
	// ReasonRollbackRefused: a rollback token was refused.
	ReasonRollbackRefused = "RollbackRefused"
	// ReasonClaimMayBePruned: Argo CD may prune the claim for backups.
	ReasonClaimMayBePruned = "ClaimMayBePruned"
	// ReasonFellBack: the migration under live traffic was abandoned. Every tier is
	// stopped, then the migration runs again.
	ReasonFellBack = "FellBackToDrain"
	// ReasonNextClass: a rollback class was abandoned for the next one.
	ReasonNextClass = "RollbackClassFellBack"
	// ReasonMonitoringBlocked: a pod of spec.monitoring cannot be created. Nothing waits
	// for it.
	ReasonMonitoringBlocked = "MonitoringBlocked"
	// ReasonSecretChanged: a Secret in spec.refreshSecrets has changed, and every tier is
	// restarted. SecretsInSync has this reason while that waits.
	ReasonSecretChanged = "SecretChanged"
	// ReasonSpecReverted: during an upgrade, spec was changed back to the previous
	// release.
	ReasonSpecReverted = "SpecReverted"
)
