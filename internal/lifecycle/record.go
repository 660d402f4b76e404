// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
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

// recordResults records what the Jobs that change or back up the database have found and
// done, however they ended: a rollback rests on it.
func (n *draft) recordResults() {
	s := n.s
	if s.Schema.Known {
		schema := s.Schema.SchemaStatus
		n.Schema = &schema
	}
	if s.Phase != v1alpha1.PhaseDBMigrate {
		return
	}
	if l := s.Migrate.Result.Locks; l != nil {
		n.Upgrade.Locks = &v1alpha1.LockStatus{Tries: l.Tries, Waited: tenths(l.WaitSeconds), Held: tenths(l.HeldSeconds)}
	}
	if p := s.Migrate; p.Attempt > 0 && !p.Active && len(p.Result.Init) > 0 {
		n.Init = &v1alpha1.InitStatus{At: metav1.NewTime(p.FinishedAt).Rfc3339Copy(), Release: s.Run.ToRelease, Steps: p.Result.Init}
	}
	n.Backups = s.Backups
	if s.Backup.Done {
		n.Upgrade.Backup = rollback.BackupName(s.Status.UpgradeRevision)
	}
}

// tenths rounds seconds to tenths of a second.
func tenths(seconds float64) metav1.Duration {
	return metav1.Duration{Duration: time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond)}
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
