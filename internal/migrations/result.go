// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Reason is why a script failed: a closed set, shared with the scripts. The
// empty reason is success.
type Reason string

// What a script can report.
const (
	ReasonConfigInvalid       Reason = "ConfigInvalid"
	ReasonImageBroken         Reason = "ImageBroken"
	ReasonDriverMissing       Reason = "DriverMissing"
	ReasonSecretKeyInvalid    Reason = "SecretKeyInvalid"
	ReasonDatabaseUnreachable Reason = "DatabaseUnreachable"
	ReasonDatabaseAuthFailed  Reason = "DatabaseAuthFailed"
	ReasonDatabaseReadOnly    Reason = "DatabaseReadOnly"
	ReasonDatabaseAhead       Reason = "DatabaseAhead"
	ReasonMultipleHeads       Reason = "MultipleHeads"
	ReasonMigrationFailed     Reason = "MigrationFailed"
	ReasonRevisionMismatch    Reason = "RevisionMismatch"
	ReasonInitFailed          Reason = "InitFailed"
	// ReasonLockTimeout: another migration of the database still ran; the message
	// says whose.
	ReasonLockTimeout Reason = "LockTimeout"
	// ReasonTablesBusy: a polite migration could not lock all tables at once; the
	// message names the sessions in the way.
	ReasonTablesBusy Reason = "TablesBusy"
	// ReasonLockBudgetExceeded: a polite migration needed its locks for longer than
	// it was given. It rolled back and the schema is as before, so it can be run
	// plainly while nothing else uses the database.
	ReasonLockBudgetExceeded Reason = "LockBudgetExceeded"
	ReasonCheckFailed        Reason = "CheckFailed"
	// ReasonQueryFailed: before anything was touched a query of spec.upgrade.verify had
	// no answer, or its condition held. Verify says of one that it is a check.
	ReasonQueryFailed Reason = "QueryFailed"
	// ReasonReencryptFailed: what is stored could not be encrypted with the other key;
	// nothing of it was changed. The message names the column.
	ReasonReencryptFailed Reason = "ReencryptFailed"
	// ReasonDowngradeFailed: the schema could not be taken back. On PostgreSQL it is as
	// before, elsewhere it may be half changed.
	ReasonDowngradeFailed Reason = "DowngradeFailed"
	// ReasonBackupFailed: the database could not be dumped, or the dump not kept.
	ReasonBackupFailed Reason = "BackupFailed"
	// ReasonToolMismatch: the database image lacks the tools, or has ones that are too
	// old for the server; the message has both versions.
	ReasonToolMismatch Reason = "ToolMismatch"
	// ReasonBackupMissing: there is no backup of that name.
	ReasonBackupMissing Reason = "BackupMissing"
	// ReasonBackupDamaged: the backup is not what it was when it was made, or is of
	// another revision. The database was not touched.
	ReasonBackupDamaged Reason = "BackupDamaged"
	// ReasonRestoreFailed: the backup could not be put back. On PostgreSQL the database
	// is as before, elsewhere it is half restored and the restore can be run again.
	ReasonRestoreFailed Reason = "RestoreFailed"
	// ReasonRehearsalTooLarge: a copy of the database does not fit into the room that it
	// may take.
	ReasonRehearsalTooLarge Reason = "RehearsalTooLarge"
	// ReasonRehearsalFailed: there is no copy, or no word of what was found on it.
	ReasonRehearsalFailed Reason = "RehearsalFailed"
	ReasonUnexpected      Reason = "Unexpected"
	// ReasonJobCrashed is the operator's own: the pod ended without a result.
	ReasonJobCrashed Reason = "JobCrashed"
)

// passing are the reasons that may be gone at the next attempt.
var passing = map[Reason]bool{
	ReasonDatabaseUnreachable: true,
	ReasonLockTimeout:         true,
	ReasonTablesBusy:          true,
	ReasonJobCrashed:          true,
}

// Passing is true when another attempt may succeed without a change.
func (r Reason) Passing() bool { return passing[r] }

// breaking are the reasons after which a change may be half done on a database
// without transactional DDL.
var breaking = map[Reason]bool{
	ReasonMigrationFailed: true,
	ReasonDowngradeFailed: true,
	ReasonRestoreFailed:   true,
	ReasonJobCrashed:      true,
	ReasonUnexpected:      true,
}

// Breaks is true when a schema may be left between two revisions, where the
// database cannot take that back.
func (r Reason) Breaks() bool { return breaking[r] }

// Result is the one line of JSON that a script leaves as its pod's termination
// message, at most 4 KiB.
type Result struct {
	// Script is inspect, rehearse, migrate, verify, downgrade, backup or restore; prepare is
	// the first container of rehearse and the last two, which speaks only when it fails.
	Script string `json:"script"`
	// Reason is empty for success.
	Reason Reason `json:"reason,omitempty"`
	// Message says in a sentence what is wrong and what to do; redacted by the
	// script.
	Message string `json:"message,omitempty"`
	// Database is the dialect: postgresql, mysql or sqlite.
	Database string `json:"database,omitempty"`
	// Revision is the database's alembic revision; empty when never migrated.
	Revision string `json:"revision,omitempty"`
	// Head is the head of the image's own migration scripts.
	Head string `json:"head,omitempty"`
	// Pending are the revisions that an upgrade would cross, the oldest first;
	// cut to what fits. PendingCount is their true number.
	Pending      []string `json:"pending,omitempty"`
	PendingCount int32    `json:"pendingCount,omitempty"`
	// Path is what the pending revisions do, by their text; nil when there is
	// nothing to cross or it was not looked at.
	Path *Path `json:"path,omitempty"`
	// Checks are what verify found, each with what it saw; at most 14.
	Checks []Check `json:"checks,omitempty"`
	// Charts is what the charts of spec gave, as preflight read them from the release
	// that runs: "id:columns:rows" with commas between; empty when it did not.
	Charts string `json:"charts,omitempty"`
	// Locks is how a polite migration came by the tables; nil for a plain one.
	Locks *Locks `json:"locks,omitempty"`
	// Backup is what was backed up or restored, as far as it came; nil elsewhere.
	Backup *BackupResult `json:"backup,omitempty"`
	// Rehearsal is what was found on a copy of the database; nil elsewhere.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`
}

// BackupResult is one copy of the metadata database.
type BackupResult struct {
	// Name is the backup's folder, such as r7; at most 64 characters.
	Name string `json:"name"`
	// Revision is what the dump itself holds; empty when the database was never
	// migrated. After a user's own command, what the database holds.
	Revision string `json:"revision,omitempty"`
	// Bytes is the size of the dump; 0 when a user's own command made it.
	Bytes int64 `json:"bytes,omitempty"`
	// TakenAt is when it was begun, in RFC 3339; empty when a user's own command made it.
	// A Job that finds what an earlier try has made ends much later.
	TakenAt string `json:"takenAt,omitempty"`
	// SHA256 is that of the dump, in hexadecimal; empty when a user's own command made
	// it.
	SHA256 string `json:"sha256,omitempty"`
	// Seconds is how long it took to dump and read it again, or to load it.
	Seconds float64 `json:"seconds,omitempty"`
	// Kept are the whole backups of this Superset afterwards, the newest first; at most
	// 64. Empty for a restore and for a user's own command.
	Kept []string `json:"kept,omitempty"`
	// Claim that the Job mounted for it, read from the Job itself; empty for none.
	Claim string `json:"-"`
}

// Locks are the figures of a polite migration, as far as it came.
type Locks struct {
	// Tries is how often it tried to lock all tables; at least 1.
	Tries int32 `json:"tries"`
	// WaitSeconds is how long that took, in tenths of a second.
	WaitSeconds float64 `json:"waitSeconds"`
	// HeldSeconds is how long the tables were locked, to the commit or rollback; 0
	// if they never all were.
	HeldSeconds float64 `json:"heldSeconds"`
	// Tables is how many tables were locked; 0 if not all could be.
	Tables int32 `json:"tables"`
}

// maxMessage bounds what reaches status: characters.
const maxMessage = 512

// reasonWord is what the API server takes for a condition's reason.
var reasonWord = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

// ParseResult reads a termination message. What is not a result, such as the
// message of a killed container, is an error. A reason that is no CamelCase
// word is not one of our scripts', and becomes ReasonUnexpected.
func ParseResult(message string) (Result, error) {
	var r Result
	if err := json.Unmarshal([]byte(strings.TrimSpace(message)), &r); err != nil {
		return Result{}, fmt.Errorf("reading a Job's result: %w", err)
	}
	if r.Script == "" {
		return Result{}, fmt.Errorf("reading a Job's result: it names no script")
	}
	if r.Script == string(Rehearse) && r.Reason == "" && r.Rehearsal == nil {
		r.Reason, r.Message = ReasonRehearsalFailed, "the rehearsal ended without a word of what it found"
	}
	if r.Reason != "" && !reasonWord.MatchString(string(r.Reason)) {
		r.Reason = ReasonUnexpected
	}
	r.bound()
	return r, nil
}

// bound cuts what is too long and drops what makes no sense.
func (r *Result) bound() {
	r.Message = cut(r.Message, maxMessage)
	r.Checks = boundChecks(r.Checks)
	if len(r.Charts) > maxCharts || !chartsForm.MatchString(r.Charts) {
		r.Charts = ""
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

// hexSHA256 is the only form of a sum that is passed on.
var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// bound cuts what is too long and drops what makes no sense.
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
