// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Ready, Reconciling and Stalled follow kstatus: the last two
// are present only while true, and never both.
const (
	// ConditionReady is true when the release that spec asks for runs, was
	// verified and all its pods are ready.
	ConditionReady = "Ready"
	// ConditionReconciling is present while the machine moves or waits.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present when a person is needed.
	ConditionStalled = "Stalled"
	// ConditionAvailable is true while users are served: a web pod is ready.
	ConditionAvailable = "Available"
	// ConditionSchemaInSync is true when the database's revision is the one that
	// the running release brings.
	ConditionSchemaInSync = "SchemaInSync"
	// ConditionRollbackAvailable is true when there is a release to go back to.
	ConditionRollbackAvailable = "RollbackAvailable"
	// ConditionVersionSupported says whether spec.version is inside the bounds
	// that this operator release knows.
	ConditionVersionSupported = "VersionSupported"
	// ConditionPaused is present while spec.paused holds the machine.
	ConditionPaused = "Paused"
	// ConditionMaintenancePage is true while users see the page, and false while
	// they should and cannot; absent otherwise.
	ConditionMaintenancePage = "MaintenancePage"
	// ConditionAwaitingApproval is present while a plan or a phase waits for its
	// approval; the message has the command that gives it.
	ConditionAwaitingApproval = "AwaitingApproval"
	// ConditionOutsideWindow is present while a plan waits for a maintenance
	// window to open.
	ConditionOutsideWindow = "OutsideWindow"
)

// Reasons of progress: the phase's own name is the reason while its work goes
// on; these say why it waits.
const (
	// ReasonPaused: spec.paused holds the machine.
	ReasonPaused = "Paused"
	// ReasonAwaitingApproval: a plan or a phase waits for its approval.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonOutsideWindow: a plan waits for a maintenance window.
	ReasonOutsideWindow = "OutsideWindow"
	// ReasonQueuedBehindMigration: an edit or a rollback waits until the running
	// migration has ended.
	ReasonQueuedBehindMigration = "QueuedBehindMigration"
	// ReasonQueuedBehindStage: an edit waits until the tier under way has ended
	// its turn, or is stuck.
	ReasonQueuedBehindStage = "QueuedBehindStage"
	// ReasonQueuedBehindRollback: an edit waits until the rollback has ended.
	ReasonQueuedBehindRollback = "QueuedBehindRollback"
	// ReasonRetrying: a Job failed for a passing reason and is tried again.
	ReasonRetrying = "Retrying"
	// ReasonBlocked: a pod cannot start; the message names why.
	ReasonBlocked = "Blocked"
	// ReasonOverdue: the phase takes longer than its deadline.
	ReasonOverdue = "Overdue"
	// ReasonNameConflict: an object of a name that the operator needs belongs to
	// somebody else; it is neither used nor changed.
	ReasonNameConflict = "NameConflict"
	// ReasonTierNotReady: the verified release runs, but not all its pods are
	// ready.
	ReasonTierNotReady = "TierNotReady"
)

// Reasons of failure that the operator itself finds. A Job's own reasons are
// listed in internal/migrations.
const (
	// ReasonSpecInvalid: spec cannot be rendered; the message names the field.
	ReasonSpecInvalid = "SpecInvalid"
	// ReasonUnsupportedVersion: the version is outside the bounds of this
	// operator release.
	ReasonUnsupportedVersion = "UnsupportedVersion"
	// ReasonVersionSkip: the upgrade skips a major version.
	ReasonVersionSkip = "VersionSkip"
	// ReasonDowngradeRefused: a lower version that no stored release has.
	ReasonDowngradeRefused = "DowngradeRefused"
	// ReasonDeadlineExceeded: a phase took longer than its deadline.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonJobCrashed: a Job ended without a result, such as by the
	// out-of-memory killer.
	ReasonJobCrashed = "JobCrashed"
	// ReasonStopped: a rollback was asked for before anything was touched.
	ReasonStopped = "Stopped"
	// ReasonDataLossNotAccepted: the way back restores a backup over newer data, and
	// nobody has accepted that yet.
	ReasonDataLossNotAccepted = "DataLossNotAccepted"
	// ReasonNoWayBack: the release before would not serve on the schema as it is,
	// and nothing takes it back.
	ReasonNoWayBack = "NoWayBack"
)

// Reasons of resting states.
const (
	// ReasonReady: the release runs and was verified.
	ReasonReady = "Ready"
	// ReasonRolledBack: the release before runs again.
	ReasonRolledBack = "RolledBack"
	// ReasonInSync: the database's revision is the running release's head.
	ReasonInSync = "InSync"
	// ReasonAheadAfterRollback: the schema was left newer by an Image rollback.
	ReasonAheadAfterRollback = "AheadAfterRollback"
	// ReasonUnknown: nothing is known yet.
	ReasonUnknown = "Unknown"
	// ReasonServing: web pods are ready.
	ReasonServing = "Serving"
	// ReasonNotServing: no web pod is ready.
	ReasonNotServing = "NotServing"
	// ReasonImage: a rollback runs the old image on the schema as it is.
	ReasonImage = "Image"
	// ReasonHalfMigrated: the schema was left between two revisions.
	ReasonHalfMigrated = "HalfMigrated"
	// ReasonNone: there is nothing to go back to.
	ReasonNone = "None"
	// ReasonSupported: the version is inside the bounds.
	ReasonSupported = "Supported"
	// ReasonUnsupported: the version is outside the bounds.
	ReasonUnsupported = "Unsupported"
	// ReasonHeld: the component is held at zero pods.
	ReasonHeld = "Held"
	// ReasonRolling: the component's pods are being replaced.
	ReasonRolling = "Rolling"
)

// Reasons of events that record what a user asked for.
const (
	// ReasonRollbackRequested: a rollback token was handled.
	ReasonRollbackRequested = "RollbackRequested"
	// ReasonRollbackRefused: a rollback token was handled and refused.
	ReasonRollbackRefused = "RollbackRefused"
	// ReasonFellBack: a migration beside live traffic was given up; every tier
	// is stopped for it.
	ReasonFellBack = "FellBackToDrain"
	// ReasonNextClass: the way back was given up for another one.
	ReasonNextClass = "RollbackClassFellBack"
	// ReasonSpecReverted: spec went back to the release before, in mid-upgrade.
	ReasonSpecReverted = "SpecReverted"
)
