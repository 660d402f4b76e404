// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Record is what the end of a Job does to the status while the phase goes on.
func Record(s *state.Snapshot) *v1alpha1.SupersetStatus {
	n := newDraft(s, &Decision{})
	n.recordResults()
	n.recordJobs()
	return n.SupersetStatus
}

// recordJobs records the ended Jobs of the phase.
func (n *draft) recordJobs() { n.Upgrade.Jobs = endedJobs(n.s) }

// noteDrops notes what a restore would drop of others, for the token that accepts it.
func (n *draft) noteDrops() {
	for _, p := range []*migrations.Progress{&n.s.RestoreCheck, &n.s.Restore} {
		if n.Upgrade.Rollback != nil && p.Result.Reason == migrations.ReasonLossNotAccepted {
			n.Upgrade.Rollback.Drops = p.Result.Drops
		}
	}
}

// endedJobs are the records of the Jobs of the phase. A newer attempt that has not ended
// leaves the record of the one before it.
func endedJobs(s *state.Snapshot) []v1alpha1.JobRecord {
	var out []v1alpha1.JobRecord
	for _, script := range ScriptsOf(s.Phase) {
		p, before := s.JobOf(script), state.RecordOf(s.Status, script)
		switch {
		case p.Attempt > 0 && !p.Active:
			out = append(out, p.Record(script))
		case before != nil:
			out = append(out, *before)
		}
	}
	return out
}

// ScriptsOf are the scripts whose Jobs a phase waits for, in the order in which they run.
func ScriptsOf(p v1alpha1.Phase) []migrations.Script {
	switch p {
	case v1alpha1.PhaseValidate:
		return []migrations.Script{migrations.Preflight, migrations.BackupCheck, migrations.Rehearse}
	case v1alpha1.PhaseDBMigrate:
		return []migrations.Script{migrations.Backup, migrations.Migrate}
	case v1alpha1.PhaseVerify:
		return []migrations.Script{migrations.Verify}
	case v1alpha1.PhaseRollback:
		return []migrations.Script{migrations.Downgrade, migrations.RestoreCheck, migrations.Restore, migrations.Verify}
	default:
		return nil
	}
}
