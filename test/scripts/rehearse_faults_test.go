// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestRehearseFaults rehearses where it is not possible, or where the target
// fails. The database is never changed.
func TestRehearseFaults(t *testing.T) {
	pg := startPostgreSQL(t)
	start := job{release: v600, script: "migrate", database: pg.copyDatabase(t, "", "bi")}
	start.expect(t, "")
	storePassword(t, &start)
	// As in a database that was created by an older release: 6.1 widens it to 128,
	// and its downgrade narrows it to 64, whatever width Superset's own start had
	// set before.
	pg.query(t, "bi", "ALTER TABLE ab_user ALTER COLUMN username TYPE varchar(64)")
	hop := rehearsing{from: v600, to: v610, database: pg.url("bi")}
	before := pg.snapshot(t, "bi")
	t.Run("too large", func(t *testing.T) {
		small := hop
		small.extra = []string{superset.EnvScratchBytes + "=33554432"} // even an empty PostgreSQL needs more
		got, _ := small.run(t)
		want(t, got, "RehearsalTooLarge", "more than 32 MiB", "rehearsalJob.size", "excludeData", "without logs")
	})
	t.Run("disk full", func(t *testing.T) { rehearsalOnFullDisk(t, hop) })
	t.Run("tools", func(t *testing.T) {
		without := hop
		without.path = withoutPrograms(t)
		got, _ := without.run(t)
		want(t, got, "ToolMismatch", "no pg_dump", "spec.upgrade.rehearsalJob.image")
		older := hop
		older.path = olderProgram(t, "pg_dump") + ":" + machine.postgresql + ":" + os.Getenv("PATH")
		got, _ = older.run(t)
		want(t, got, "ToolMismatch", "pg_dump (PostgreSQL) 9.6", "PostgreSQL 15", "spec.upgrade.rehearsalJob.image")
	})
	t.Run("migration fails", func(t *testing.T) { failingTarget(t, pg, hop) })
	t.Run("own scratch database", func(t *testing.T) { ownScratch(t, pg, hop) })
	if diff := cmp.Diff(before, pg.snapshot(t, "bi")); diff != "" {
		t.Errorf("the database was changed, -before +after:\n%s", diff)
	}
}

// olderProgram returns a folder with a program that reports an old version.
func olderProgram(t *testing.T, name string) string {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, name), "#!/bin/sh\necho '"+name+" (PostgreSQL) 9.6.24'\n")
	if err := os.Chmod(filepath.Join(folder, name), 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// rehearsalOnFullDisk gives the copy a file system that is too small.
func rehearsalOnFullDisk(t *testing.T, hop rehearsing) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small file system")
	}
	hop.scratch = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=41m", "tmpfs", hop.scratch).CombinedOutput(); err != nil {
		t.Fatalf("mounting: %v\n%s", err, out)
	}
	t.Cleanup(func() { // after the database on it has been stopped
		if out, err := exec.Command("umount", "-l", hop.scratch).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v\n%s", err, out)
		}
	})
	got, _ := hop.run(t)
	want(t, got, "RehearsalTooLarge", "the disk is full", "rehearsalJob.size")
}

// failingTarget rehearses an image with a migration that fails, and images with a
// downgrade that does not restore the earlier state.
func failingTarget(t *testing.T, pg server, hop rehearsing) {
	for _, one := range []struct {
		name, script, reason, downgrade string
		words                           []string
	}{
		{"fails", "def upgrade(): op.execute('ALTER TABLE dbs ADD COLUMN password text')\ndef downgrade(): pass\n",
			"MigrationFailed", "", []string{"DuplicateColumn", `column "password"`, "rehearsal on a copy", "not touched"}},
		{"loses rows", "def upgrade(): op.execute(\"UPDATE dbs SET database_name = 'other'\")\ndef downgrade(): pass\n",
			"", "table dbs: values of the column database_name changed", nil},
		{"deletes", "def upgrade(): op.execute('DELETE FROM dbs')\ndef downgrade(): pass\n",
			"", "table dbs: 1 rows before, 0 after", nil},
		{"loses a column", "def upgrade(): op.drop_column('dbs', 'extra')\ndef downgrade(): pass\n",
			"", "table dbs: column extra is missing", nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			folder := withScript(t, v610, fmt.Sprintf("from alembic import op\nrevision = 'feedfacecafe'\ndown_revision = %q\n", v610.head)+one.script)
			broken := hop
			broken.target = []string{"PYTHONPATH=" + folder}
			got, said := broken.run(t)
			if got.Reason != one.reason {
				t.Fatalf("%+v\n%s", got, said)
			}
			for _, word := range one.words {
				if !strings.Contains(got.Message, word) {
					t.Errorf("message %q does not contain %q", got.Message, word)
				}
			}
			if one.downgrade == "" {
				return
			}
			if found := got.Rehearsal; found == nil || found.Downgrade != "Refused" || !strings.Contains(found.DowngradeReason, one.downgrade) {
				t.Errorf("%+v", found)
			}
		})
	}
}

// withScript returns a folder whose package superset is that of the release, with
// one more migration script. Superset finds its migrations next to its own files,
// so the folders are real and not links.
func withScript(t *testing.T, r release, text string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(environment(t, r), "lib", "python*", "site-packages", "superset"))
	if err != nil || len(found) != 1 {
		t.Fatalf("finding the package superset: %v %v", found, err)
	}
	folder := t.TempDir()
	if out, err := exec.Command("cp", "-rs", found[0], folder).CombinedOutput(); err != nil {
		t.Fatalf("linking the package superset: %v\n%s", err, out)
	}
	writeFile(t, filepath.Join(folder, "superset", "migrations", "versions", "one_more.py"), text)
	return folder
}

// ownScratch rehearses in a database of the user, once it is one that may be
// emptied.
func ownScratch(t *testing.T, pg server, hop rehearsing) {
	mine := func(url string) rehearsing {
		own := hop
		own.extra = []string{superset.EnvScratchURI + "=" + url}
		return own
	}
	same := strings.Replace(pg.url("bi"), "127.0.0.1", "localhost", 1)
	got, _ := mine(same).run(t)
	want(t, got, "ConfigInvalid", "Superset's own database")
	pg.copyDatabase(t, "", "used")
	pg.query(t, "used", "CREATE TABLE precious AS SELECT 1 AS n")
	got, _ = mine(pg.url("used")).run(t)
	want(t, got, "ConfigInvalid", "holds precious", "empty database")
	if n := pg.query(t, "used", "SELECT n FROM precious"); n != "1" {
		t.Errorf("precious contains %s", n)
	}
	pg.query(t, "used", "DROP TABLE precious")
	for range 2 { // the second one removes what the first has left
		got, said := mine(pg.url("used")).run(t)
		if got.Reason != "" || got.Rehearsal == nil || got.Rehearsal.Downgrade != "Proven" || got.Rehearsal.Rolling != "Proven" {
			t.Fatalf("%+v %+v\n%s", got, got.Rehearsal, said)
		}
	}
	// A limit that suits the requests of an application does not end a migration.
	pg.query(t, "postgres", "ALTER DATABASE used SET statement_timeout = '2s'")
	slow := mine(pg.url("used"))
	slow.target = []string{"PYTHONPATH=" + withScript(t, v610, fmt.Sprintf("from alembic import op\nrevision = 'feedfacecafe'\ndown_revision = %q\n"+
		"def upgrade(): op.execute('SELECT pg_sleep(3)')\ndef downgrade(): pass\n", v610.head))}
	got, said := slow.run(t)
	want(t, got, "")
	if got.Rehearsal == nil || got.Rehearsal.MigrateSeconds < 3 {
		t.Errorf("%+v\n%s", got.Rehearsal, said)
	}
}

// TestStateDifferences makes one change of a schema at a time: each is detected
// and reported.
func TestStateDifferences(t *testing.T) {
	pg := startPostgreSQL(t)
	const schema = `CREATE TYPE mood AS ENUM ('well', 'ill'); CREATE TABLE boards (id serial PRIMARY KEY, title varchar(10), css text);
		CREATE TABLE slices (id integer, board integer CONSTRAINT slices_board REFERENCES boards (id) ON DELETE CASCADE, kind mood, n integer DEFAULT 3);
		CREATE INDEX slices_n ON slices (n); CREATE VIEW totals AS SELECT count(*) AS n FROM slices;
		INSERT INTO boards (title, css) SELECT 'b' || i, NULLIF('c' || i, 'c2') FROM generate_series(1, 3) i; INSERT INTO slices VALUES (1, 1, 'ill', 4), (2, 2, NULL, 5)`
	for i, one := range []struct{ change, want string }{
		{"ANALYZE; DELETE FROM boards WHERE id = 3; INSERT INTO boards (id, title, css) VALUES (3, 'b3', 'c3')", ""},
		{"UPDATE boards SET css = '' WHERE id = 2", "table boards: values of the column css changed"},
		{"UPDATE boards SET title = 'b' || 3 - id WHERE id < 3", "table boards: values of the column title changed"},
		{"DELETE FROM slices WHERE id = 2", "table slices: 2 rows before, 1 after"},
		{"UPDATE slices SET id = 3 - id, board = 3 - board", "table slices: the same values are in different rows"},
		{"ALTER TABLE boards ALTER COLUMN title TYPE varchar(11)", "table boards: column title is character varying(11) instead of character varying(10)"},
		{"ALTER TABLE boards ALTER COLUMN css SET DEFAULT 'x'", "table boards: column css gained DEFAULT 'x'::text"},
		{"ALTER TABLE boards DROP COLUMN css", "table boards: column css is missing"},
		{"ALTER TABLE slices DROP CONSTRAINT slices_board; ALTER TABLE slices ADD CONSTRAINT slices_board FOREIGN KEY (board) REFERENCES boards (id)",
			"table slices: foreign key slices_board lost ON DELETE CASCADE"},
		{"DROP INDEX slices_n", "table slices: index slices_n is missing"},
		{"CREATE TABLE later (n integer)", "table later is left over"},
		{"DROP TABLE slices CASCADE", "table slices is missing"},
		{"CREATE OR REPLACE VIEW totals AS SELECT sum(n) AS n FROM slices", "view totals has a different definition"},
		{"CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'", "function twice(integer) is left over"},
		{"ALTER TYPE mood ADD VALUE 'so so'", "type mood is well, ill, so so instead of well, ill"},
	} {
		name := "state" + string(rune('a'+i))
		pg.copyDatabase(t, "", name)
		pg.query(t, name, schema)
		got := differ(t, pg, name, one.change)
		if one.want == "" && len(got) != 0 || one.want != "" && (len(got) == 0 || !strings.HasPrefix(got[0], one.want)) {
			t.Errorf("%s: %q, want %q", one.change, got, one.want)
		}
	}
}

// differ returns the differences after a change of a database.
func differ(t *testing.T, pg server, database, change string) []string {
	t.Helper()
	const program = `
import json, sys
import sqlalchemy as sa
from superset_job.copies.state import differences, read_state
engine = sa.create_engine(sys.argv[1])
with engine.connect() as connection, connection.begin():
    before = read_state(connection)
with engine.connect() as connection, connection.begin():
    connection.exec_driver_sql(sys.argv[2])
with engine.connect() as connection, connection.begin():
    rows, schema = differences(before, read_state(connection, before))
print(json.dumps([*rows, *schema]))
`
	j := job{release: v500, database: pg.url(database)}
	command := j.command(t, "python", "-c", program, pg.url(database), change)
	command.Env = append(command.Env, "PYTHONPATH="+scriptsFolder(t))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", change, err, out)
	}
	var lines []string
	if err := json.Unmarshal(out, &lines); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lines
}
