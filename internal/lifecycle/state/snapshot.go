// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Snapshot is an Observation with the facts that follow from it: see Of.
type Snapshot struct {
	*Observation

	// Phase is the recorded phase. It is Pending for a new object and for one whose
	// status has lost its run: no other phase is without a run.
	Phase v1alpha1.Phase
	// Run is the run under way, or the last one; never nil.
	Run *v1alpha1.UpgradeStatus
	// InRun is true while a run is under way, or has failed and can go on from where it
	// stopped.
	InRun bool
	// Elapsed is the working time of the phase: without pauses, gates, and the time in
	// which no operator ran.
	Elapsed time.Duration
	// Idle is how long this process has seen no tier make progress in the phase.
	Idle time.Duration
	// Unfolded is the part of Elapsed that the status does not have yet.
	Unfolded time.Duration
	// PhaseDone is true once the work of the phase is done and a gate holds the move.
	PhaseDone bool

	// Current is the verified release, Previous the one that the run started from,
	// Target the one that it upgrades to, RollbackTarget the one that a rollback puts
	// back; each the zero Release when it is not stored.
	Current, Previous, Target, RollbackTarget Release

	// Running is the version of the verified release, also while that is not stored;
	// empty for none.
	Running string

	// Schema is what is known of the database.
	Schema Schema
	// Keys are the secret keys that stored secrets may be encrypted with: that of the
	// verified release, and the one that a run has begun to re-encrypt with.
	Keys [2]string
	// Rotates is true when stored secrets are encrypted with the previous key and the
	// desired release has both.
	Rotates bool
	// Reprefixes is true when the desired release has other keys in Redis than the verified
	// one: the tiers of the two do not see each other's tasks.
	Reprefixes bool

	// Adopts is true for a run without a verified release on a database that is not empty: it
	// is an upgrade from what is there. Found is the lowest official release with the
	// revision that the preflight found; empty when there is none, or no need to know.
	Adopts bool
	Found  string
	// From is the version before the run, also one that was found.
	From string
	// Repointed is true when the same reference leads to another database than before.
	Repointed bool

	// Backups are the backups that exist, the newest first, with the one of this phase.
	Backups []v1alpha1.BackupStatus
	// Rehearsal is the result of the rehearsal of the run; nil for none.
	Rehearsal *v1alpha1.RehearsalStatus
	// ServedOnCopy is what the rehearsal found about the older release on the newer
	// schema; empty without a rehearsal.
	ServedOnCopy v1alpha1.Finding
	// DowngradeFailed says why the Downgrade of this rollback failed; empty when it
	// did not.
	DowngradeFailed string
	// WebAccess says whether Jobs reach web; empty while it is not known.
	WebAccess v1alpha1.WebAccess
	// Upgrades is true for a run that started from a verified release. Only then
	// users, charts and metrics exist that Verify can compare with.
	Upgrades bool
	// Soak is how long the target must run before it counts as verified; 0 for a first
	// install and in a rollback.
	Soak time.Duration
}

// Wants is true when spec asks for a release, however this operator renders it.
func (s *Snapshot) Wants(hash string) bool {
	return hash != "" && (hash == s.Desired.Hash || s.Desired.Wish != "" && s.wishOf(hash) == s.Desired.Wish)
}

// wishOf is what the user wrote of a release; empty when that is not known.
func (s *Snapshot) wishOf(hash string) string {
	switch {
	case hash == s.Run.ToRelease && s.Run.Wish != "":
		return s.Run.Wish
	case hash == s.Run.HeldRelease && s.Run.HeldWish != "":
		return s.Run.HeldWish
	default:
		return s.StoredRelease(hash).Wish
	}
}

// ReleaseMissing is true while the verified release is not stored: its ControllerRevision
// was deleted, or the cache is stale.
func (s *Snapshot) ReleaseMissing() bool { return s.Status.Release != "" && s.Current.Hash == "" }

// Schema is what is known of the database: the status, and what the Job of this
// phase has reported since.
type Schema struct {
	v1alpha1.SchemaStatus
	// Known is false until a Job has read the database.
	Known bool
	// Uncertain is true after a migration that ended without a result: it may have
	// committed before.
	Uncertain bool
	// AheadOfTarget is true when the database is ahead of the target image because an
	// Image rollback left exactly this revision.
	AheadOfTarget bool
	// Job is the progress of the Job that changes the schema in this phase; the zero
	// value when none does.
	Job migrations.Progress
	// Reverting is true while a rollback has yet to downgrade or restore the database.
	Reverting bool
}
