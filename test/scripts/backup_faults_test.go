// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// retention creates more backups than are kept.
func retention(t *testing.T, pg server) {
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "many")}, newVault(t)
	writeFile(t, filepath.Join(v.folder, "notes", "README"), "of somebody else")
	writeFile(t, filepath.Join(v.folder, ".partial-r0", "dump"), "of a pod that was killed")
	for _, name := range []string{"r1", "r2", "r3"} {
		want(t, v.backup(t, j, name, superset.EnvBackupKeep+"=2"), "")
		age(t, v)
	}
	if got := v.names(t); got != "[notes r2 r3]" {
		t.Errorf("there are %s, want the newest two backups and the foreign folder", got)
	}
	// A lost pod is replaced, and its successor finds the backup done: no second
	// dump.
	before, err := os.Stat(v.dump("r3"))
	if err != nil {
		t.Fatal(err)
	}
	again := v.backup(t, j, "r3", superset.EnvBackupKeep+"=2")
	want(t, again, "")
	after, err := os.Stat(v.dump("r3"))
	if err != nil || !os.SameFile(before, after) || cmp.Diff([]string{"r3", "r2"}, again.Backup.Kept) != "" || again.Backup.Bytes != after.Size() {
		t.Errorf("the second try of r3: %+v, %v", again.Backup, err)
	}
	// Its time is not changed either.
	if at, err := time.Parse(time.RFC3339, again.Backup.TakenAt); err != nil || time.Since(at) < 300*24*time.Hour {
		t.Errorf("a backup of last year is reported with time %q, %v", again.Backup.TakenAt, err)
	}
	// A damaged backup is created again, and a truncated one is not counted.
	flip(t, v.dump("r3"), 1000)
	if err := os.Truncate(v.dump("r2"), 1000); err != nil {
		t.Fatal(err)
	}
	got := v.backup(t, j, "r3", superset.EnvBackupKeep+"=2")
	want(t, got, "")
	if diff := cmp.Diff([]string{"r3"}, got.Backup.Kept); diff != "" {
		t.Errorf("complete backups, -want +got:\n%s", diff)
	}
	pg.query(t, "many", "UPDATE alembic_version SET version_num = '"+v414.head+"'")
	want(t, v.backup(t, j, "r3"), "BackupFailed", "there is a backup r3 already", v500.head, v414.head)
	// Two revisions, as after a migration that was interrupted between branches:
	// such a database is not backed up, but it can be restored.
	pg.query(t, "many", "INSERT INTO alembic_version VALUES ('"+v500.head+"')")
	want(t, v.backup(t, j, "r4"), "BackupFailed", "something else migrates it")
	want(t, v.restore(t, j, "r3"), "")
}

// age makes the existing backups a year older.
func age(t *testing.T, v *vault) {
	t.Helper()
	entries, err := filepath.Glob(filepath.Join(v.folder, "r*", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range entries {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(text, []byte(`"takenAt": "`)) + len(`"takenAt": "`)
		year, err := strconv.Atoi(string(text[at : at+4]))
		if err != nil {
			t.Fatal(err)
		}
		copy(text[at:], strconv.Itoa(year-1))
		writeFile(t, file, string(text))
	}
}

// flip changes one bit of a file.
func flip(t *testing.T, file string, offset int64) {
	t.Helper()
	handle, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = handle.Close() }()
	one := make([]byte, 1)
	if _, err := handle.ReadAt(one, offset); err != nil {
		t.Fatal(err)
	}
	one[0] ^= 1
	if _, err := handle.WriteAt(one, offset); err != nil {
		t.Fatal(err)
	}
}

// damaged runs restores of missing or damaged backups; they fail before they
// touch the database.
func damaged(t *testing.T, pg server) {
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "damaged")}, newVault(t)
	want(t, v.restore(t, j, "r7"), "BackupMissing", "no backup r7", "available: none")
	made := v.backup(t, j, "r7")
	want(t, made, "")
	pg.query(t, "damaged", "DELETE FROM dbs")
	before := pg.snapshot(t, "damaged")
	sum := superset.EnvBackupSHA256 + "="
	want(t, v.restore(t, j, "r8"), "BackupMissing", "no backup r8", "available: r7")
	want(t, v.restore(t, j, "r7", sum+strings.Repeat("0", 64)), "BackupDamaged", made.Backup.SHA256, "not touched")
	want(t, v.restore(t, j, "r7", superset.EnvExpectedRevision+"="+v414.head), "BackupDamaged", v500.head, v414.head)
	flip(t, v.dump("r7"), made.Backup.Bytes/2)
	want(t, v.restore(t, j, "r7"), "BackupDamaged", "sha256", made.Backup.SHA256)
	if diff := cmp.Diff(before, pg.snapshot(t, "damaged")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if err := os.Truncate(v.dump("r7"), made.Backup.Bytes/2); err != nil {
		t.Fatal(err)
	}
	want(t, v.restore(t, j, "r7", sum+sumOf(t, v.dump("r7"))), "BackupDamaged", "cannot be read", "pg_restore: error")
}

func sumOf(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("sha256sum", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))[0]
}

// failsMidway makes the server reject one of the last statements of a restore:
// everything is rolled back.
func failsMidway(t *testing.T, pg server) {
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "midst")}, newVault(t)
	pg.query(t, "midst", "CREATE ROLE gone; GRANT SELECT ON dbs TO gone")
	want(t, v.backup(t, j, "r7"), "")
	pg.query(t, "midst", "REVOKE ALL ON dbs FROM gone; DROP ROLE gone; INSERT INTO css_templates (id, template_name) VALUES (1, 'later')")
	before := pg.snapshot(t, "midst")
	got := v.restore(t, j, "r7")
	want(t, got, "RestoreFailed", `role "gone" does not exist`, "the database is unchanged")
	if got.Revision != v500.head {
		t.Errorf("revision %q, want %s", got.Revision, v500.head)
	}
	if diff := cmp.Diff(before, pg.snapshot(t, "midst")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// conflicts runs a restore during a migration and while a session uses a table.
func conflicts(t *testing.T, pg server) {
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "busy")}, newVault(t)
	want(t, v.backup(t, j, "r7"), "")
	impatient := superset.EnvLockWaitSeconds + "=1"
	migrate := job{release: v600, script: "migrate", database: j.database, extra: []string{superset.EnvOwner + "=south/bi"}}.start(t)
	migrate.waitUntil(t, "migrating", func() bool { return strings.Contains(migrate.log.String(), "superset init") })
	got := v.restore(t, j, "r7", impatient)
	want(t, got, "LockTimeout", "another migration", "south/bi")
	patient := v.restore(t, j, "r7", superset.EnvLockWaitSeconds+"=300")
	if got, log := migrate.wait(t); got.Reason != "" {
		t.Fatalf("the migration: %+v\n%s", got, log)
	}
	want(t, patient, "")

	user := pg.openSession(t, "somebody", "postgres", "busy", "SELECT id FROM dbs")
	want(t, v.restore(t, j, "r7", impatient), "TablesBusy", "the database is unchanged", `"somebody"`)
	user.end(t)
	// load.sh takes the lock again: a migration that begins after prepare.py has
	// checked is not disturbed.
	var late *session
	v.between = func(shared string) {
		text, err := os.ReadFile(filepath.Join(shared, "facts.sh"))
		if err != nil {
			t.Fatal(err)
		}
		number := regexp.MustCompile(`(?m)^LOCK='?(-?[0-9]+)`).FindSubmatch(text)
		if number == nil {
			t.Fatalf("no number of a lock in:\n%s", text)
		}
		late = pg.openSession(t, "latecomer", "postgres", "busy", fmt.Sprintf("SELECT pg_advisory_xact_lock(%s)", number[1]))
	}
	want(t, v.restore(t, j, "r7", impatient), "LockTimeout", "the database is unchanged", `"latecomer"`)
	late.end(t)
}

// diskFull backs up to a file system that is too small.
func diskFull(t *testing.T, pg server) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small file system")
	}
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "disk")}, newVault(t)
	if err := os.MkdirAll(v.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", v.folder).CombinedOutput(); err != nil {
		t.Fatalf("mounting: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", v.folder).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v\n%s", err, out)
		}
	})
	want(t, v.backup(t, j, "r7"), "BackupFailed", "No space left on device")
	if got := v.names(t); got != "[]" {
		t.Errorf("a failed backup leaves %s", got)
	}
}

// ownCommand uses a user's own commands, with the files that prepare.py has
// written.
func ownCommand(t *testing.T, pg server) {
	j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "own")}, newVault(t)
	const connect = `. "$SUPERSET_OPERATOR_SHARED_DIR/facts.sh"; cd "$SUPERSET_OPERATOR_SHARED_DIR";
		export PGSERVICEFILE="$PWD/service.conf" PGSERVICE=superset PGPASSFILE="$PWD/pgpass"; `
	file := filepath.Join(t.TempDir(), "mine")
	before, custom := pg.rows(t, "own", nil), superset.EnvCustom+"=1"
	v.command = connect + "pg_dump -Fc -n \"$SCHEMA\" -f " + file
	got := v.backup(t, j, "r7", custom)
	want(t, got, "")
	if diff := cmp.Diff(&backup{Name: "r7", Revision: v500.head}, got.Backup); diff != "" || got.Revision != v500.head {
		t.Errorf("result %+v, -want +got:\n%s", got, diff)
	}
	pg.query(t, "own", "DELETE FROM dbs")
	v.command = connect + "pg_restore -1 -c -d service=superset " + file
	want(t, v.restore(t, j, "r7", custom, superset.EnvExpectedRevision+"="+v500.head), "")
	if diff := cmp.Diff(before, pg.rows(t, "own", nil)); diff != "" {
		t.Errorf("-backed up +restored:\n%s", diff)
	}
	v.command = "true"
	want(t, v.restore(t, j, "r7", custom, superset.EnvExpectedRevision+"="+v414.head), "RestoreFailed", v500.head, v414.head)
	// A command that should run dump.sh and did not leaves no result.
	want(t, v.backup(t, j, "r8"), "BackupFailed", "ended without an outcome")
}
