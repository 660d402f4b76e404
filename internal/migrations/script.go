// SPDX-License-Identifier: Apache-2.0

package migrations

// Script is the script that a Job runs.
type Script string

// The scripts. The values are used in labels and file names.
const (
	// Preflight validates an image against the database without writing to it.
	Preflight Script = "preflight"
	// Rehearse runs the migration and its downgrade on a copy of the database.
	Rehearse Script = "rehearse"
	// BackupCheck checks that a backup can be taken. It changes nothing but an empty folder in
	// the claim.
	BackupCheck Script = "backup-check"
	// Backup dumps the database into a claim.
	Backup Script = "backup"
	// Migrate migrates the database to the image's head and runs superset init.
	Migrate Script = "migrate"
	// Verify runs the smoke tests against the release that serves.
	Verify Script = "verify"
	// Downgrade downgrades the schema, with the image of the newer release.
	Downgrade Script = "downgrade"
	// RestoreCheck checks that a backup can be restored. It changes nothing.
	RestoreCheck Script = "restore-check"
	// Restore restores a backup.
	Restore Script = "restore"
)

// Scripts lists all scripts: those of an upgrade in their order, then those of a rollback.
var Scripts = []Script{Preflight, BackupCheck, Rehearse, Backup, Migrate, Verify, Downgrade, RestoreCheck, Restore}

// ChangesSchema is true for a script that changes the schema. The operator never deletes its Job
// while it runs, and no two of them run at the same time.
func (s Script) ChangesSchema() bool { return s == Migrate || s == Downgrade || s == Restore }
