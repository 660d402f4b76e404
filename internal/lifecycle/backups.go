// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// backupName is that of the backup which a run takes: another fence, another
// backup.
func backupName(fence int64) string { return fmt.Sprintf("r%d", fence) }

// backsUp is true when the run takes a backup before it migrates. There is
// nothing to lose in a database that was never migrated; and one that was left half
// changed would, under the revision that it still bears, take the place of the
// backup that leads back.
func backsUp(o *Observation) bool {
	r := o.Preflight.Result
	return o.Policy.Backup && r.Revision != "" && !halfMigrated(o) && (r.PendingCount > 0 || rotates(o)) && !aheadByUs(o)
}

// halfMigrated is true while the schema stands between two revisions, as far as the
// status knows.
func halfMigrated(o *Observation) bool { return o.Status.Schema != nil && o.Status.Schema.HalfMigrated }

// maxBackups bounds status.backups.
const maxBackups = 10

// backupsNow are the backups that are kept, with the one that was taken in this
// phase; the newest first. A Job that failed may have let go of some all the same.
func backupsNow(o *Observation) []v1alpha1.BackupStatus {
	b := o.Backup.Result.Backup
	if o.phase() != dbMigrate || b == nil {
		return o.Status.Backups
	}
	var out []v1alpha1.BackupStatus
	if o.Backup.Done {
		out = append(out, v1alpha1.BackupStatus{Name: b.Name, Revision: b.Revision, TakenAt: takenAt(o), Bytes: b.Bytes, SHA256: b.SHA256,
			Database: o.stored(o.run().ToRelease).Database, SecretKey: certainKey(o), Claim: b.Claim})
	}
	for _, kept := range o.Status.Backups {
		// A user's own command does not say what it keeps.
		if kept.Name != b.Name && (len(b.Kept) == 0 || slices.Contains(b.Kept, kept.Name)) {
			out = append(out, kept)
		}
	}
	return out[:min(len(out), maxBackups)]
}

// takenAt is when the backup of this phase was begun: what is written later is not in
// it.
func takenAt(o *Observation) metav1.Time {
	b, ended := o.Backup.Result.Backup, o.Backup.FinishedAt
	began := ended.Add(-time.Duration(b.Seconds * float64(time.Second)))
	if said, err := time.Parse(time.RFC3339, b.TakenAt); err == nil && said.Before(began) {
		began = said // an earlier try has made it
	}
	return metav1.NewTime(began).Rfc3339Copy()
}

// certainKey is the key that what is stored is encrypted with; empty while a run may
// have begun to encrypt with another one.
func certainKey(o *Observation) string {
	keys := keysNow(o)
	if keys[1] != "" && keys[1] != keys[0] {
		return ""
	}
	return keys[0]
}

// backupOf is the newest backup of a release's database that holds a schema revision,
// encrypted with its key; the zero value for none.
func backupOf(o *Observation, target Release, revision string) v1alpha1.BackupStatus {
	for _, b := range backupsNow(o) {
		if revision != "" && b.Revision == revision && b.Database == target.Database && b.SecretKey == target.Key {
			return b
		}
	}
	return v1alpha1.BackupStatus{}
}

// loses says what a way back loses, and the token that accepts it; empty when it
// loses nothing.
func loses(o *Observation, target Release, way v1alpha1.RollbackStatus) (token, message string) {
	if way.Class != v1alpha1.RollbackRestore || !newerData(o, way.Backup) {
		return "", ""
	}
	var taken time.Time
	for _, b := range backupsNow(o) {
		if b.Name == way.Backup {
			taken = b.TakenAt.Time
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "restore %d %s %s", o.Status.UpgradeRevision, target.Hash, way.Backup))
	return "sha256-" + hex.EncodeToString(sum[:6]), fmt.Sprintf(
		"going back to %s restores backup %s of %s, and loses what was written since: %s or more", target.Version, way.Backup,
		taken.UTC().Format(time.RFC3339), atStake(o.Now.Sub(taken)))
}

// atStake rounds the time since a backup down, so that a message does not change
// with each look.
func atStake(since time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Hour, 10 * time.Minute, time.Minute} {
		if since >= unit {
			return since.Truncate(unit)
		}
	}
	return 0
}

// servedSince is true when a Drain may have brought a tier back for a while: in a
// phase that does, or on a way back before the newest one.
func servedSince(phases []v1alpha1.PhaseRecord) bool {
	ways := 0 // back
	for _, p := range phases {
		switch p.Phase {
		case workers, web, verify:
			return true
		case rollback:
			ways++
		default:
		}
	}
	return ways > 1
}

// newerData is true unless nothing has served since a backup was taken: a Drain
// that has not brought anything back yet, neither on its way nor on the way back.
func newerData(o *Observation, backup string) bool {
	run := o.run()
	mine := run.Backup == backup || o.phase() == dbMigrate && o.Backup.Done && backup == backupName(o.Status.UpgradeRevision)
	if !mine || run.Strategy != v1alpha1.StrategyDrain || resting(o.phase()) && o.phase() != failed {
		return true
	}
	return servedSince(run.Phases) || slices.ContainsFunc(o.Tiers[:], func(t Tier) bool { return t.Exists && t.Mode != v1alpha1.ModeHold })
}
