// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Loss is the data that a rollback loses; the zero value for none.
type Loss struct {
	// Token is the value of the annotation that accepts it.
	Token string
	// Message says what is lost.
	Message string
}

// BackupName is the name of the backup that is taken under a fence.
func BackupName(fence int64) string { return fmt.Sprintf("r%d", fence) }

// lossOf is what a rollback loses: everything that was written after the backup that it
// restores, the content of another database, and objects of others that it drops.
func lossOf(s *state.Snapshot, target state.Release, h v1alpha1.RollbackStatus) Loss {
	switch h.Class {
	case v1alpha1.RollbackRestore:
	case v1alpha1.RollbackImage, v1alpha1.RollbackDowngrade, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
		return Loss{}
	}
	var backup v1alpha1.BackupStatus
	for _, b := range s.Backups {
		if b.Name == h.Backup {
			backup = b
		}
	}
	losses, about := lossesOf(s, backup, h)
	if len(losses) == 0 {
		return Loss{}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "restore %d %s %s%s", s.Status.UpgradeRevision, target.Hash, h.Backup, about))
	return Loss{
		Token: "sha256-" + hex.EncodeToString(sum[:6]),
		Message: fmt.Sprintf("a rollback to %s restores backup %s of %s and %s",
			target.Version, h.Backup, backup.TakenAt.UTC().Format(time.RFC3339), strings.Join(losses, ", and ")),
	}
}

// lossesOf are the losses of a restore as the ends of a sentence, and what the token that accepts
// them is about besides the backup. The identity is evidence, not proof: a failover changes it.
func lossesOf(s *state.Snapshot, b v1alpha1.BackupStatus, h v1alpha1.RollbackStatus) (losses []string, about string) {
	if servedSinceBackup(s, h.Backup) {
		losses = append(losses, fmt.Sprintf("loses everything written since: %s or more", roundDown(s.Now.Sub(b.TakenAt.Time))))
	}
	if is := s.Schema.Identity; is != "" && b.Identity != "" && is != b.Identity {
		losses = append(losses, fmt.Sprintf("replaces the content of the database %s, although it was taken from %s", is, b.Identity))
		about += " into " + is
	}
	if h.Drops != "" {
		losses = append(losses, "drops the objects of others that its Job has listed")
		about += " drops " + h.Drops
	}
	return losses, about
}

// roundDown rounds the time since a backup, so that a message does not change with
// each reconcile.
func roundDown(since time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Hour, 10 * time.Minute, time.Minute} {
		if since >= unit {
			return since.Truncate(unit)
		}
	}
	return 0
}

// servedSinceBackup is false only while a Drain has not started any tier since it took
// the backup, neither in the upgrade nor in a rollback.
func servedSinceBackup(s *state.Snapshot, backup string) bool {
	takenNow := s.Phase == v1alpha1.PhaseDBMigrate && s.Backup.Done && backup == BackupName(s.Status.UpgradeRevision)
	ofThisRun := s.Run.Backup == backup || takenNow
	if !ofThisRun || s.Run.Strategy != v1alpha1.StrategyDrain || !s.InRun {
		return true
	}
	return startedTiers(s.Run.Phases) || slices.ContainsFunc(s.Tiers[:], func(t state.Tier) bool { return t.Serves() })
}

// startedTiers is true when a phase of the run has started tiers again: one after the
// migration, or a rollback before the newest one.
func startedTiers(phases []v1alpha1.PhaseRecord) bool {
	rollbacks := 0
	for _, p := range phases {
		switch p.Phase {
		case v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify:
			return true
		case v1alpha1.PhaseRollback:
			rollbacks++
		default:
		}
	}
	return rollbacks > 1
}
