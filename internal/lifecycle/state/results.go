// SPDX-License-Identifier: Apache-2.0

package state

import (
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// maxBackups bounds status.backups.
const maxBackups = 10

// backups are the backups that exist, with the one that was taken in this phase. A
// backup Job that failed may have deleted old ones all the same.
func (s *Snapshot) backups() []v1alpha1.BackupStatus {
	b := s.Backup.Result.Backup
	if s.Phase != v1alpha1.PhaseDBMigrate || b == nil {
		return s.Status.Backups
	}
	var out []v1alpha1.BackupStatus
	if s.Backup.Done {
		out = append(out, v1alpha1.BackupStatus{Name: b.Name, Revision: b.Revision, TakenAt: s.backupTakenAt(), Bytes: b.Bytes, SHA256: b.SHA256,
			Database: s.Target.Database, Identity: s.Backup.Result.Identity, SecretKey: s.certainKey(), Claim: b.Claim})
	}
	for _, kept := range s.Status.Backups {
		// A backup command of the user does not report what it keeps.
		if kept.Name != b.Name && (len(b.Kept) == 0 || slices.Contains(b.Kept, kept.Name)) {
			out = append(out, kept)
		}
	}
	return out[:min(len(out), maxBackups)]
}

// backupTakenAt is when the backup of this phase began. Later writes are not in it.
func (s *Snapshot) backupTakenAt() metav1.Time {
	b, ended := s.Backup.Result.Backup, s.Backup.FinishedAt
	began := ended.Add(-time.Duration(b.Seconds * float64(time.Second)))
	if reported, err := time.Parse(time.RFC3339, b.TakenAt); err == nil && reported.Before(began) {
		began = reported // an earlier attempt made it
	}
	return metav1.NewTime(began).Rfc3339Copy()
}

// rehearsal is what the rehearse Job of this phase reports, or what the run has
// recorded of it.
func (s *Snapshot) rehearsal() *v1alpha1.RehearsalStatus {
	r := s.Rehearse.Result.Rehearsal
	if s.Phase != v1alpha1.PhaseValidate || !s.Rehearse.Done || r == nil {
		return s.Run.Rehearsal
	}
	roundUp := func(seconds float64) int64 { return int64(math.Ceil(seconds)) }
	out := &v1alpha1.RehearsalStatus{
		Revision:  s.Rehearse.Result.Revision,
		Downgrade: r.Downgrade, DowngradeReason: r.DowngradeReason,
		Rolling: r.Rolling, RollingReason: r.RollingReason,
		MigrateSeconds: roundUp(r.MigrateSeconds), Seconds: roundUp(r.CopySeconds),
		LockTables: r.LockTables, Bytes: r.Bytes, Excluded: r.Excluded,
	}
	if r.LockSeconds > 0 {
		held := time.Duration(r.LockSeconds * float64(time.Second)).Round(10 * time.Millisecond)
		out.LockTime = &metav1.Duration{Duration: held}
	}
	return out
}

// servedOnCopy is the finding of the rehearsal. A rehearsal does not cover what a replaced
// run has already migrated: then it can refuse, but proves nothing.
func (s *Snapshot) servedOnCopy() v1alpha1.Finding {
	r, found := s.Rehearsal, s.Run.FromRevision
	if r == nil || r.Rolling == v1alpha1.FindingProven && found != "" && found != r.Revision {
		return ""
	}
	return r.Rolling
}
