// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Rollback is what putting one stored release back would do.
type Rollback struct {
	// Target is the release; the zero Release when it is not stored.
	Target state.Release
	// How is the class with its reason and what its Job needs: what
	// status.upgrade.rollback becomes.
	How v1alpha1.RollbackStatus
	// Loss is the data that it loses.
	Loss Loss
}

// To works out the rollback to a release on the database as it is now.
func To(s *state.Snapshot, target state.Release) Rollback {
	h := how(s, target)
	return Rollback{Target: target, How: h, Loss: lossOf(s, target, h)}
}

// Possible is false when the release is not stored or its class is Frozen.
func (r *Rollback) Possible() bool {
	return r.Target.Hash != "" && r.How.Class != v1alpha1.RollbackFrozen
}

// Accepted is true when nothing is lost, or the user has accepted exactly this loss.
func (r *Rollback) Accepted(s *state.Snapshot) bool {
	return r.Loss.Token == "" || s.Tokens.AcceptDataLoss == r.Loss.Token
}

// CanServe is true when a stored release serves on the database as it is now.
func CanServe(s *state.Snapshot, release state.Release) bool {
	return how(s, release).Class == v1alpha1.RollbackImage
}

func how(s *state.Snapshot, target state.Release) v1alpha1.RollbackStatus {
	if usedAnotherDatabase(s, target) {
		return frozen("%s used another database: set spec.database back instead", target.Version)
	}
	h := schemaTo(s, target)
	h.FellBack = s.DowngradeFailed
	switch h.Class {
	case v1alpha1.RollbackImage, v1alpha1.RollbackDowngrade:
		return keyTo(s, target, h)
	case v1alpha1.RollbackRestore: // a backup is encrypted as it was when it was taken
	case v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
	}
	return h
}

// usedAnotherDatabase is true when a release used another database than the verified
// release, or than the target of a run that has begun to change things.
func usedAnotherDatabase(s *state.Snapshot, target state.Release) bool {
	used := []state.Release{s.Current}
	if s.Run.Touched && s.InRun {
		used = append(used, s.Target)
	}
	return slices.ContainsFunc(used, func(r state.Release) bool { return r.Hash != "" && r.Database != target.Database })
}

// schemaTo is how the schema gets to one that target serves on.
func schemaTo(s *state.Snapshot, target state.Release) v1alpha1.RollbackStatus {
	need := neededRevision(s, target)
	switch {
	case s.Schema.HalfMigrated:
		return restoreFor(s, target, "the schema is partially migrated")
	case !s.Schema.Known, s.Schema.Revision == need && !s.Schema.Uncertain:
		return v1alpha1.RollbackStatus{Class: v1alpha1.RollbackImage, Reason: "the schema is that of " + target.Version}
	}
	owner := schemaOwner(s)
	if state.Higher(target.Version, owner.Version) {
		return frozen("the database has the schema of %s, older than %s needs: set spec.version to it", owner.Version, target.Version)
	}
	class, why := Choose(s.Policy.Rollback, optionsNow(s, target, owner, need))
	switch class {
	case v1alpha1.RollbackDowngrade:
		return v1alpha1.RollbackStatus{Class: class, Reason: why, Revision: need, Release: owner.Hash}
	case v1alpha1.RollbackRestore:
		return restoreFor(s, target, why)
	default:
		return v1alpha1.RollbackStatus{Class: class, Reason: why}
	}
}

// optionsNow are the options of a rollback from the schema of owner to the revision
// that target needs.
func optionsNow(s *state.Snapshot, target, owner state.Release, need string) Options {
	able := owner.Hash != "" && need != "" && s.DowngradeFailed == ""
	sameRun := s.Run.FromRelease == target.Hash && s.Run.ToRelease == owner.Hash
	o := Options{Backup: BackupFor(s, target, need).Name != "", NoBackup: lostFor(s, target, need), Downgrade: able, Rehearsed: able && sameRun && DowngradeRehearsed(s, need)}
	o.WhyServes, o.WhyNot = servesOn(s, target.Version, owner)
	return o
}

// BackupFor is the newest backup of a release's database that has a schema revision, is
// encrypted with the release's key and is not lost; the zero value for none.
func BackupFor(s *state.Snapshot, target state.Release, revision string) v1alpha1.BackupStatus {
	for _, b := range s.Backups {
		if fits(b, target, revision) && !lost(s, b) {
			return b
		}
	}
	return v1alpha1.BackupStatus{}
}

func fits(b v1alpha1.BackupStatus, target state.Release, revision string) bool {
	return revision != "" && b.Revision == revision && b.Database == target.Database && b.SecretKey == target.Key
}

// lost is true for a backup whose claim is gone or is being deleted. One that the user's
// command stores elsewhere has no claim.
func lost(s *state.Snapshot, b v1alpha1.BackupStatus) bool {
	return slices.Contains(s.LostClaims, b.Claim)
}

// lostFor says that the backup which a release needs is lost; empty when none is.
func lostFor(s *state.Snapshot, target state.Release, revision string) string {
	for _, b := range s.Backups {
		if fits(b, target, revision) && lost(s, b) {
			return saysLost(b)
		}
	}
	return ""
}

// Lost says that the backup which this rollback restores is lost; empty when it is not.
func Lost(s *state.Snapshot) string {
	for _, b := range s.Backups {
		if how := s.Run.Rollback; how != nil && b.Name == how.Backup && lost(s, b) {
			return saysLost(b)
		}
	}
	return ""
}

func saysLost(b v1alpha1.BackupStatus) string {
	return fmt.Sprintf("claim %s with backup %s is gone or is being deleted: restore a backup of your own, then retry", b.Claim, b.Name)
}

// restoreFor puts back the newest backup that target can run on.
func restoreFor(s *state.Snapshot, target state.Release, why string) v1alpha1.RollbackStatus {
	revision := neededRevision(s, target)
	backup := BackupFor(s, target, revision)
	if backup.Name == "" {
		none := fmt.Sprintf("no backup of its database and key has revision %s: restore a backup of your own, then retry", revision)
		return frozen("%s, and %s", why, cmp.Or(lostFor(s, target, revision), none))
	}
	h := v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Reason: why, Revision: revision, Backup: backup.Name}
	if before := s.Run.Rollback; before != nil && before.Backup == h.Backup {
		h.Drops = before.Drops // an attempt has listed them
	}
	return h
}

// neededRevision is the schema revision that a release ran on: the one that the run
// found, else the head of its image; empty when it is not known.
func neededRevision(s *state.Snapshot, target state.Release) string {
	if s.Run.FromRelease == target.Hash && s.Run.FromRevision != "" {
		return s.Run.FromRevision
	}
	return target.Head
}

// schemaOwner is the stored release of the highest version whose head is the revision that
// the database has, or may have; the zero Release when there is none.
func schemaOwner(s *state.Snapshot) state.Release {
	revision := cmp.Or(s.Schema.PossibleRevision, s.Schema.Revision)
	if s.Run.Head == revision {
		return s.Target
	}
	var owner state.Release
	for _, r := range s.Stored {
		if r.Head == revision && (owner.Hash == "" || state.Higher(r.Version, owner.Version)) {
			owner = r
		}
	}
	return owner
}
