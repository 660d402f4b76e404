// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Phase is where a Superset stands in the upgrade machine. Install, upgrade,
// config change and rollback all pass through the same phases.
// +kubebuilder:validation:Enum=Pending;Validate;DBMigrate;UpgradeScheduler;UpgradeWorkers;UpgradeWeb;Verify;Rollback;Ready;RolledBack;Failed
type Phase string

// Resting phases: nothing moves until the user or the world changes something.
const (
	// PhasePending is a Superset that the operator has not worked on yet.
	PhasePending Phase = "Pending"
	// PhaseReady is a Superset whose target release runs and was verified.
	PhaseReady Phase = "Ready"
	// PhaseRolledBack is a Superset that serves the release before the one that
	// spec asks for; that target is not tried again until spec changes or a
	// retry token comes.
	PhaseRolledBack Phase = "RolledBack"
	// PhaseFailed is a Superset that needs a person; a spec change, a retry
	// token or a rollback token leaves it.
	PhaseFailed Phase = "Failed"
)

// Moving phases, in the order in which an upgrade passes them.
const (
	// PhaseValidate proves the target release in its own image; nothing that
	// runs is touched.
	PhaseValidate Phase = "Validate"
	// PhaseDBMigrate brings the metadata database to the target's schema.
	PhaseDBMigrate Phase = "DBMigrate"
	// PhaseUpgradeScheduler puts the scheduler at the target, held at zero.
	PhaseUpgradeScheduler Phase = "UpgradeScheduler"
	// PhaseUpgradeWorkers rolls the workers, then releases the scheduler.
	PhaseUpgradeWorkers Phase = "UpgradeWorkers"
	// PhaseUpgradeWeb rolls the web tier.
	PhaseUpgradeWeb Phase = "UpgradeWeb"
	// PhaseVerify tests by use that what runs is what was asked for.
	PhaseVerify Phase = "Verify"
	// PhaseRollback puts an earlier release back.
	PhaseRollback Phase = "Rollback"
)

// Phases lists every phase: the resting ones first, then the moving ones in
// the order of an upgrade.
var Phases = []Phase{
	PhasePending, PhaseReady, PhaseRolledBack, PhaseFailed,
	PhaseValidate, PhaseDBMigrate, PhaseUpgradeScheduler, PhaseUpgradeWorkers, PhaseUpgradeWeb, PhaseVerify, PhaseRollback,
}
