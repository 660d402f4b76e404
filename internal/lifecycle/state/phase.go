// SPDX-License-Identifier: Apache-2.0

package state

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// UpgradeOrder is the order of the phases of an upgrade.
var UpgradeOrder = []v1alpha1.Phase{v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers,
	v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify}

// Resting is true in a resting phase: Pending, Ready, RolledBack or Failed.
func Resting(p v1alpha1.Phase) bool {
	switch p {
	case v1alpha1.PhasePending, v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return true
	default:
		return false
	}
}

// Moving is true in a phase of a run that is under way; false for the empty phase.
func Moving(p v1alpha1.Phase) bool { return p != "" && !Resting(p) }
