// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/packages"
)

// Reason is why a script failed: a closed set, shared with the scripts. The
// empty reason is success.
type Reason string

// The reasons that a script can report.
const (
	ReasonConfigInvalid Reason = "ConfigInvalid"
	// ReasonVersionMismatch: the image has another version of Superset than spec.version.
	ReasonVersionMismatch Reason = "VersionMismatch"
	ReasonImageBroken     Reason = "ImageBroken"
	ReasonDriverMissing   Reason = "DriverMissing"
	// ReasonPackagesUnresolved: spec.packages cannot be installed; the message says what of it, and
	// why. ReasonPackageIndexUnreachable: the index does not answer.
	ReasonPackagesUnresolved      Reason = "PackagesUnresolved"
	ReasonPackageIndexUnreachable Reason = "PackageIndexUnreachable"
	ReasonSecretKeyInvalid        Reason = "SecretKeyInvalid"
	ReasonDatabaseUnreachable     Reason = "DatabaseUnreachable"
	ReasonDatabaseAuthFailed      Reason = "DatabaseAuthFailed"
	ReasonDatabaseReadOnly        Reason = "DatabaseReadOnly"
	// ReasonDatabaseAhead: the image does not know the database's revision.
	ReasonDatabaseAhead   Reason = "DatabaseAhead"
	ReasonMultipleHeads   Reason = "MultipleHeads"
	ReasonMigrationFailed Reason = "MigrationFailed"
	// ReasonRevisionMismatch: the migration succeeded, but the database is not at the head.
	ReasonRevisionMismatch Reason = "RevisionMismatch"
	ReasonInitFailed       Reason = "InitFailed"
	// ReasonInitStepFailed: the schema is migrated and superset init has succeeded, and then a step
	// of spec.init has failed; the message names it.
	ReasonInitStepFailed Reason = "InitStepFailed"
	// ReasonLockTimeout: another migration of the database was still running; the message
	// describes its session.
	ReasonLockTimeout Reason = "LockTimeout"
	// ReasonTablesBusy: a polite migration could not lock all tables at once; the
	// message describes the blocking sessions.
	ReasonTablesBusy Reason = "TablesBusy"
	// ReasonLockBudgetExceeded: a polite migration held its locks for longer than its
	// budget. It was rolled back and the schema is unchanged, so a plain migration is
	// possible once every tier is stopped.
	ReasonLockBudgetExceeded Reason = "LockBudgetExceeded"
	ReasonCheckFailed        Reason = "CheckFailed"
	// ReasonCheckUnanswered: every check that failed got no answer, for example because a pod
	// was replaced. Another attempt may get one.
	ReasonCheckUnanswered Reason = "CheckUnanswered"
	// ReasonQueryFailed: in preflight a query of spec.upgrade.verify failed, or its condition
	// held already. In verify a query is a check, so that the reason is ReasonCheckFailed.
	ReasonQueryFailed Reason = "QueryFailed"
	// ReasonReencryptFailed: stored secrets could not be re-encrypted; nothing was changed.
	// The message names the column.
	ReasonReencryptFailed Reason = "ReencryptFailed"
	// ReasonDowngradeFailed: the schema could not be downgraded. On PostgreSQL it is
	// unchanged, elsewhere it may be partially migrated.
	ReasonDowngradeFailed Reason = "DowngradeFailed"
	// ReasonBackupFailed: the database could not be dumped, or the dump could not be stored. In
	// the backup check: either is certain to fail.
	ReasonBackupFailed Reason = "BackupFailed"
	// ReasonToolMismatch: the database image lacks the client programs, or they are too old
	// for the server; the message has both versions.
	ReasonToolMismatch Reason = "ToolMismatch"
	// ReasonBackupMissing: there is no backup of that name.
	ReasonBackupMissing Reason = "BackupMissing"
	// ReasonBackupDamaged: the checksum of the backup changed, it cannot be read, or it has
	// another revision. The database was not touched.
	ReasonBackupDamaged Reason = "BackupDamaged"
	// ReasonRestoreFailed: the backup could not be restored. On PostgreSQL the database is
	// unchanged; elsewhere it may be partially restored, and the restore can be run again.
	ReasonRestoreFailed Reason = "RestoreFailed"
	// ReasonLossNotAccepted: the restore was not begun, because the backup is of another
	// database, or because objects of others would be dropped; the message names them.
	ReasonLossNotAccepted Reason = "LossNotAccepted"
	// ReasonRehearsalTooLarge: the copy of the database exceeds its disk space.
	ReasonRehearsalTooLarge Reason = "RehearsalTooLarge"
	// ReasonRehearsalFailed: the copy could not be made, or a container of the rehearsal
	// ended without findings.
	ReasonRehearsalFailed Reason = "RehearsalFailed"
	// ReasonInterrupted: the pod was stopped, because its node was drained, it was evicted or it
	// was preempted. What it did was rolled back, or may be done twice.
	ReasonInterrupted Reason = "Interrupted"
	ReasonUnexpected  Reason = "Unexpected"
	// ReasonJobCrashed is set by the operator: the pod ended without a result.
	ReasonJobCrashed Reason = "JobCrashed"
)

// Reasons lists all reasons.
var Reasons = []Reason{
	ReasonConfigInvalid, ReasonVersionMismatch, ReasonImageBroken, ReasonDriverMissing,
	ReasonPackagesUnresolved, ReasonPackageIndexUnreachable, ReasonSecretKeyInvalid,
	ReasonDatabaseUnreachable, ReasonDatabaseAuthFailed, ReasonDatabaseReadOnly, ReasonDatabaseAhead, ReasonMultipleHeads,
	ReasonMigrationFailed, ReasonRevisionMismatch, ReasonInitFailed, ReasonInitStepFailed, ReasonLockTimeout, ReasonTablesBusy,
	ReasonLockBudgetExceeded, ReasonCheckFailed, ReasonCheckUnanswered, ReasonQueryFailed, ReasonReencryptFailed,
	ReasonDowngradeFailed, ReasonBackupFailed, ReasonToolMismatch, ReasonBackupMissing, ReasonBackupDamaged, ReasonRestoreFailed,
	ReasonLossNotAccepted, ReasonRehearsalTooLarge, ReasonRehearsalFailed, ReasonInterrupted, ReasonUnexpected, ReasonJobCrashed,
}

// transient are the reasons whose cause may be gone at the next attempt.
var transient = map[Reason]bool{
	ReasonPackageIndexUnreachable: true,
	ReasonDatabaseUnreachable:     true,
	ReasonLockTimeout:             true,
	ReasonTablesBusy:              true,
	ReasonCheckUnanswered:         true,
	ReasonInterrupted:             true,
	ReasonJobCrashed:              true,
}

// Transient is true if another attempt may succeed without any change.
func (r Reason) Transient() bool { return transient[r] }

// Uncounted is true if an attempt that ends with the reason says nothing about the release: it
// has only waited for something else, or was interrupted. It does not count towards a maximum:
// only the deadline of the phase ends the attempts, where there is one.
func (r Reason) Uncounted() bool {
	return r == ReasonLockTimeout || r == ReasonCheckUnanswered || r == ReasonInterrupted
}

// breaking are the reasons that may leave a partially migrated schema on a database without
// transactional DDL.
var breaking = map[Reason]bool{
	ReasonMigrationFailed: true,
	ReasonDowngradeFailed: true,
	ReasonRestoreFailed:   true,
	ReasonJobCrashed:      true,
	ReasonUnexpected:      true,
}

// MayBreakSchema is true if a script that fails with the reason may leave the schema partially
// migrated, on a database without transactional DDL.
func (r Reason) MayBreakSchema() bool { return breaking[r] }

// Result is the line of JSON that a script writes as the termination message of its container.
// If it would be longer than the container's limit, lists lose entries and texts are shortened.
type Result struct {
	// Script is inspect, backup-check, rehearse, migrate, verify, downgrade, backup or restore.
	// It is prepare for the first container of backup-check, rehearse, backup and restore,
	// whose result is read only if it fails.
	Script string `json:"script"`
	// Reason is empty for success.
	Reason Reason `json:"reason,omitempty"`
	// Message describes what is wrong and what to do; redacted by the script, at most 512
	// characters.
	Message string `json:"message,omitempty"`
	// Database is the dialect: postgresql, mysql or sqlite.
	Database string `json:"database,omitempty"`
	// Revision is the database's alembic revision; empty if it was never migrated.
	Revision string `json:"revision,omitempty"`
	// Head is the head of the image's own migration scripts.
	Head string `json:"head,omitempty"`
	// PendingCount is the number of revisions that an upgrade has to apply.
	PendingCount int32 `json:"pendingCount,omitempty"`
	// Path classifies the pending revisions; nil if there are none or the script is not
	// preflight.
	Path *Path `json:"path,omitempty"`
	// Packages are what a preflight has resolved of spec.packages, without hashes; nil for other
	// scripts, and if it had nothing to resolve.
	Packages *[]string `json:"packages,omitempty"`
	// Checks are the checks of verify; at most MaxChecks.
	Checks []Check `json:"checks,omitempty"`
	// Charts are the results of the charts of spec.upgrade.verify that preflight read from
	// the release that serves: "id:columns:rows" separated by commas, "id:-" for a chart that
	// failed. Empty if it read none.
	Charts string `json:"charts,omitempty"`
	// Locks are the figures of a polite migration; nil for a plain one.
	Locks *Locks `json:"locks,omitempty"`
	// Backup is the backup that was taken or restored; nil for other scripts and if the script
	// failed before.
	Backup *BackupResult `json:"backup,omitempty"`
	// Init are the steps of spec.init that migrate has come to, in their order; at most 20.
	Init []v1alpha1.InitStep `json:"init,omitempty"`
	// Rehearsal has the findings of a rehearsal; nil for other scripts and if it failed.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`
	Facts
}

// BackupResult is a backup of the metadata database.
type BackupResult struct {
	// Name is the name of the backup and of its folder, such as r7; at most 64 characters.
	Name string `json:"name"`
	// Revision is the alembic revision in the dump; empty if the database was never
	// migrated. After a user's command it is that of the database.
	Revision string `json:"revision,omitempty"`
	// Bytes is the size of the dump; 0 if a user's command made it.
	Bytes int64 `json:"bytes,omitempty"`
	// TakenAt is when the dump was started, in RFC 3339; empty if a user's command made it.
	// It may be long before the Job ends, if an earlier attempt made the backup.
	TakenAt string `json:"takenAt,omitempty"`
	// SHA256 is the checksum of the dump, in lower-case hexadecimal; empty if a user's
	// command made it.
	SHA256 string `json:"sha256,omitempty"`
	// Seconds is how long it took to dump and verify the backup, or to load it.
	Seconds float64 `json:"seconds,omitempty"`
	// Kept are the complete backups of this Superset afterwards, newest first; at most 64.
	// Empty for a restore and for a user's command.
	Kept []string `json:"kept,omitempty"`
	// Claim is the name of the claim that the Job mounted; empty if there is none. It is read
	// from the Job, whatever the script reports.
	Claim string `json:"claim,omitempty"`
}

// Locks are the figures of a polite migration.
type Locks struct {
	// Tries is the number of attempts to lock all tables; at least 1.
	Tries int32 `json:"tries"`
	// WaitSeconds is how long the attempts took, rounded to tenths of a second.
	WaitSeconds float64 `json:"waitSeconds"`
	// HeldSeconds is how long the tables were locked, until commit or rollback, rounded to
	// tenths of a second; 0 if not all tables could be locked.
	HeldSeconds float64 `json:"heldSeconds"`
}

// maxMessage is the maximum length of a message in status, in characters.
const maxMessage = 512

// conditionReason is the format of a condition's reason that the API server accepts.
var conditionReason = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

// ParseResult parses a termination message, and truncates what exceeds the limits. It returns
// an error if the message is not a result, such as that of a killed container. A reason that
// is not valid for a condition becomes ReasonUnexpected. A rehearsal that succeeds without
// findings becomes ReasonRehearsalFailed.
func ParseResult(message string) (Result, error) {
	var r Result
	if err := json.Unmarshal([]byte(strings.TrimSpace(message)), &r); err != nil {
		return Result{}, fmt.Errorf("parse the result of a Job: %w", err)
	}
	if r.Script == "" {
		return Result{}, fmt.Errorf("parse the result of a Job: the field script is missing")
	}
	if r.Script == string(Rehearse) && r.Reason == "" && r.Rehearsal == nil {
		r.Reason, r.Message = ReasonRehearsalFailed, "the rehearsal succeeded without findings; read the logs of its containers"
	}
	if r.Reason != "" && !conditionReason.MatchString(string(r.Reason)) {
		r.Reason = ReasonUnexpected
	}
	r.bound()
	return r, nil
}

// bound truncates texts and lists, and drops invalid values.
func (r *Result) bound() {
	r.Message = cut(r.Message, maxMessage)
	r.Checks = boundChecks(r.Checks)
	r.Init = boundSteps(r.Init)
	r.Facts.bound()
	if len(r.Charts) > maxCharts || !chartsForm.MatchString(r.Charts) {
		r.Charts = ""
	}
	if r.Packages != nil && !packages.Valid(*r.Packages) {
		r.Packages = nil
	}
	if r.Path != nil {
		r.Path.bound()
	}
	if r.Backup != nil {
		r.Backup.bound()
	}
	if r.Rehearsal != nil {
		r.Rehearsal.bound()
	}
}

// hexSHA256 is the format of a valid checksum.
var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// bound truncates texts and lists, and drops invalid values.
func (b *BackupResult) bound() {
	b.Name, b.Revision = cut(b.Name, maxRevision), cut(b.Revision, maxRevision)
	b.Bytes, b.Seconds, b.TakenAt = max(b.Bytes, 0), max(b.Seconds, 0), cut(b.TakenAt, maxRevision)
	if !hexSHA256.MatchString(b.SHA256) {
		b.SHA256 = ""
	}
	b.Kept = b.Kept[:min(len(b.Kept), maxRevisions)]
	for i, name := range b.Kept {
		b.Kept[i] = cut(name, maxRevision)
	}
}
