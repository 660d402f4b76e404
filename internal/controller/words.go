// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// phaseMessage says what a phase is doing.
func phaseMessage(p v1alpha1.Phase, u *v1alpha1.UpgradeStatus) string {
	switch p {
	case v1alpha1.PhaseValidate:
		return fmt.Sprintf("proving %s in its own image; nothing that runs is touched", u.To)
	case v1alpha1.PhaseDBMigrate:
		return fmt.Sprintf("migrating the database to %s (%d revisions)", u.To, u.PendingMigrations) + fellBack(u)
	case v1alpha1.PhaseUpgradeScheduler:
		return fmt.Sprintf("putting the scheduler at %s, held until the workers are there", u.To)
	case v1alpha1.PhaseUpgradeWorkers:
		return fmt.Sprintf("upgrading the workers to %s", u.To)
	case v1alpha1.PhaseUpgradeWeb:
		return fmt.Sprintf("upgrading web to %s", u.To)
	case v1alpha1.PhaseVerify:
		return fmt.Sprintf("testing %s by use", u.To)
	case v1alpha1.PhaseRollback:
		return "putting the earlier release back" + byClass(u.Rollback) + because(u.Failure)
	case v1alpha1.PhasePending:
		return "waiting for the first look"
	case v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return ""
	default:
		return ""
	}
}

// fellBack says why every tier stands still although the plan was another.
func fellBack(u *v1alpha1.UpgradeStatus) string {
	if u.FellBack == "" {
		return ""
	}
	return ", with every tier stopped: the migration beside live traffic was given up (" + trimDot(u.FellBack) + ")"
}

// byClass says what happens to the database on the way back, and what was tried
// before.
func byClass(r *v1alpha1.RollbackStatus) string {
	text := ""
	switch {
	case r == nil:
		return ""
	case r.Class == v1alpha1.RollbackDowngrade && r.Revision == "":
		text = ", after what is stored is encrypted with the key before"
	case r.Class == v1alpha1.RollbackDowngrade:
		text = ", after the schema is taken back to " + r.Revision
	case r.Class == v1alpha1.RollbackRestore:
		text = ", after backup " + r.Backup + " is put back"
	}
	if r.FellBack != "" {
		text += " (class " + string(r.Class) + ", because Downgrade failed: " + trimDot(r.FellBack) + ")"
	}
	return text
}

func because(f *v1alpha1.Failure) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf(" because %s failed (%s: %s)", f.Phase, f.Reason, trimDot(f.Message))
}
