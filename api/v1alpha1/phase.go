// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Phase is the current state of the state machine of a Superset. Install, upgrade,
// config change and rollback use the same phases.
// +kubebuilder:validation:Enum=Pending;Validate;DBMigrate;UpgradeScheduler;UpgradeWorkers;UpgradeWeb;Verify;Rollback;Ready;RolledBack;Failed
type Phase string

// Resting phases: no run is in progress.
const (
	// PhasePending: the operator has not handled the Superset yet.
	PhasePending Phase = "Pending"
	// PhaseReady: the target release runs and was verified.
	PhaseReady Phase = "Ready"
	// PhaseRolledBack: the previous release serves instead of the desired one. The
	// desired release is not tried again until spec changes or there is a new retry
	// token.
	PhaseRolledBack Phase = "RolledBack"
	// PhaseFailed: manual intervention is needed. A change of spec, a retry token or a
	// rollback token starts a new run.
	PhaseFailed Phase = "Failed"
)

// Moving phases, in the order of an upgrade.
const (
	// PhaseValidate validates the target release in its image. It changes nothing that
	// runs.
	PhaseValidate Phase = "Validate"
	// PhaseDBMigrate migrates the metadata database to the target's schema.
	PhaseDBMigrate Phase = "DBMigrate"
	// PhaseUpgradeScheduler upgrades the scheduler and holds it at zero pods.
	PhaseUpgradeScheduler Phase = "UpgradeScheduler"
	// PhaseUpgradeWorkers rolls the workers, then starts the scheduler.
	PhaseUpgradeWorkers Phase = "UpgradeWorkers"
	// PhaseUpgradeWeb rolls the web tier.
	PhaseUpgradeWeb Phase = "UpgradeWeb"
	// PhaseVerify runs smoke tests against the target release.
	PhaseVerify Phase = "Verify"
	// PhaseRollback restores an earlier release.
	PhaseRollback Phase = "Rollback"
)

// Phases lists all phases: the resting phases, then the moving phases in the order
// of an upgrade.
var Phases = []Phase{
	PhasePending, PhaseReady, PhaseRolledBack, PhaseFailed,
	PhaseValidate, PhaseDBMigrate, PhaseUpgradeScheduler, PhaseUpgradeWorkers, PhaseUpgradeWeb, PhaseVerify, PhaseRollback,
}
