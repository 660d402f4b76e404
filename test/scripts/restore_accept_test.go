// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestRestoreIsAccepted restores over a database with objects of others that depend on Superset's,
// and into another database than that of the backup: nothing is changed before exactly that was
// accepted.
func TestRestoreIsAccepted(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", "CREATE ROLE bi LOGIN PASSWORD '"+databasePassword+"'")
	pg.query(t, "postgres", "CREATE ROLE reporting LOGIN")
	pg.query(t, "postgres", "CREATE DATABASE kept OWNER bi")
	pg.query(t, "kept", `CREATE SCHEMA reports AUTHORIZATION reporting; GRANT ALL ON SCHEMA public TO bi, reporting;
		SET ROLE bi; CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('`+v500.head+`');
		CREATE TYPE mood AS ENUM ('well', 'ill'); CREATE TABLE dashboards (id serial PRIMARY KEY, m mood);
		CREATE TABLE slices (id integer PRIMARY KEY REFERENCES dashboards (id)); CREATE INDEX ON slices (id); CREATE VIEW own AS SELECT * FROM slices;
		GRANT SELECT, REFERENCES ON dashboards, slices TO reporting`)
	j := job{release: v500, database: strings.Replace(pg.url("kept"), "postgres:", "bi:", 1)}
	v := newVault(t)
	made := v.backup(t, j, "r7")
	want(t, made, "")
	if parts := strings.Split(made.Identity, "/"); len(parts) != 4 || parts[3] != "kept" {
		t.Errorf("identity %q", made.Identity)
	}
	want(t, v.restore(t, j, "r7"), "") // what belongs to Superset is in the dump
	want(t, v.run(t, j, "load.sh", "restore_check", []string{superset.EnvBackup + "=r7", superset.EnvRestore + "=1", superset.EnvBackupCheck + "=1"}), "")
	want(t, v.run(t, j, "load.sh", "restore_check", []string{superset.EnvBackup + "=r8", superset.EnvRestore + "=1", superset.EnvBackupCheck + "=1"}), "BackupMissing", "no backup r8")

	pg.query(t, "kept", `SET ROLE reporting; CREATE VIEW reports.totals AS SELECT count(*) AS n FROM public.dashboards;
		CREATE VIEW reports.more AS SELECT n + 1 AS n FROM reports.totals; CREATE TABLE reports.notes (slice integer REFERENCES public.slices (id), m public.mood)`)
	before := pg.snapshot(t, "kept")
	got := v.restore(t, j, "r7")
	want(t, got, "LossNotAccepted", "view reports.more", "view reports.totals", "constraint notes_slice_fkey on table reports.notes",
		"column m of table reports.notes", "Nothing was changed")
	if diff := cmp.Diff(before, pg.snapshot(t, "kept")); diff != "" || got.Drops == "" || got.Identity != made.Identity {
		t.Errorf("drops %q, identity %q (-before +after):\n%s", got.Drops, got.Identity, diff)
	}
	accepted := superset.EnvAcceptedDrops + "=" + got.Drops
	pg.query(t, "kept", "SET ROLE reporting; CREATE VIEW reports.late AS SELECT * FROM public.slices")
	again := v.restore(t, j, "r7", accepted)
	want(t, again, "LossNotAccepted", "view reports.late")
	if again.Drops == got.Drops {
		t.Error("another list has the same digest")
	}
	want(t, v.restore(t, j, "r7", superset.EnvAcceptedDrops+"="+again.Drops), "")
	if n := pg.query(t, "kept", "SELECT count(*) FROM pg_views WHERE schemaname = 'reports'"); n != "0" {
		t.Errorf("%s views are left", n)
	}

	// The backup of another database.
	manifest := filepath.Join(v.folder, "r7", "manifest.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.Replace(made.Identity, "/kept", "/elsewhere", 1)
	writeFile(t, manifest, strings.Replace(string(text), made.Identity, elsewhere, 1))
	got = v.restore(t, j, "r7")
	want(t, got, "LossNotAccepted", "the database is "+made.Identity, "taken from "+elsewhere)
	want(t, v.restore(t, j, "r7", superset.EnvAcceptedIdentity+"="+elsewhere+"-2"), "LossNotAccepted")
	want(t, v.restore(t, j, "r7", superset.EnvAcceptedIdentity+"="+got.Identity), "")
	writeFile(t, manifest, strings.Replace(string(text), `"identity"`, `"other"`, 1)) // of an older operator
	want(t, v.restore(t, j, "r7"), "")
}
