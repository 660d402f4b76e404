// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// oddPassword must be escaped differently in a URL, a passfile and a service
// file.
const oddPassword = `not a re:al\pass%40@/#'"word`

// TestBackupRestore backs up a real database and restores it over a newer state.
func TestBackupRestore(t *testing.T) {
	pg := startPostgreSQL(t)
	start := job{release: v500, script: "migrate", database: pg.copyDatabase(t, "", at(v500))}
	start.expect(t, "")
	storePassword(t, &start)
	t.Run("backup and restore", func(t *testing.T) { backupAndRestore(t, pg) })
	t.Run("separate schema", func(t *testing.T) { separateSchema(t, pg) })
	t.Run("retention", func(t *testing.T) { retention(t, pg) })
	t.Run("damaged", func(t *testing.T) { damaged(t, pg) })
	t.Run("fails midway", func(t *testing.T) { failsMidway(t, pg) })
	t.Run("conflicts", func(t *testing.T) { conflicts(t, pg) })
	t.Run("disk full", func(t *testing.T) { diskFull(t, pg) })
	t.Run("own command", func(t *testing.T) { ownCommand(t, pg) })
	t.Run("other versions", func(t *testing.T) { otherVersions(t, pg) })
}

// backupAndRestore backs up 5.0.0, writes more, upgrades to 6.0.0, and restores.
func backupAndRestore(t *testing.T, pg server) {
	old := job{release: v500, database: pg.copyDatabase(t, at(v500), "bi")}
	pg.query(t, "bi", "CREATE VIEW totals AS SELECT count(*) AS n FROM dashboards")
	pg.query(t, "bi", "CREATE MATERIALIZED VIEW names AS SELECT slice_name FROM slices")
	pg.query(t, "bi", "CREATE TYPE mood AS ENUM ('well', 'ill'); CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'")
	before, v := pg.snapshot(t, "bi"), newVault(t)

	got := v.backup(t, old, "r7")
	want(t, got, "")
	checkBackup(t, v, got)
	t.Logf("backup of %d tables: %d bytes in %.1f s", len(before.Rows), got.Backup.Bytes, got.Backup.Seconds)

	pg.query(t, "bi", "INSERT INTO css_templates (id, template_name, css) VALUES (4711, 'later', 'b{}')")
	pg.query(t, "bi", "DELETE FROM dbs; DROP FUNCTION twice; ALTER TYPE mood ADD VALUE 'so so'")
	job{release: v600, script: "migrate", database: old.database}.expect(t, "")
	// Objects that refer to tables of the backup must not prevent that these are
	// dropped.
	pg.query(t, "bi", "CREATE TABLE later (dashboard integer REFERENCES dashboards (id)); CREATE VIEW late AS SELECT * FROM later")
	if cmp.Equal(before, pg.snapshot(t, "bi")) {
		t.Fatal("the upgrade changed nothing, so the restore cannot be verified")
	}

	got = v.restore(t, old, "r7", superset.EnvExpectedRevision+"="+v500.head, superset.EnvBackupSHA256+"="+got.Backup.SHA256)
	want(t, got, "")
	if diff := cmp.Diff(before, pg.snapshot(t, "bi")); diff != "" {
		t.Errorf("-backed up +restored:\n%s", diff)
	}
	if got.Revision != v500.head || got.Backup == nil || got.Backup.Name != "r7" || got.Backup.Revision != v500.head {
		t.Errorf("result %+v", got)
	}
	t.Logf("restored in %.1f s", got.Backup.Seconds)
	old.script = "preflight"
	if got := old.expect(t, ""); got.PendingCount != 0 {
		t.Errorf("after the restore %d revisions are pending", got.PendingCount)
	}
}

// checkBackup compares the result with the files on disk.
func checkBackup(t *testing.T, v *vault, got result) {
	t.Helper()
	dump, err := os.ReadFile(v.dump("r7"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(dump)
	if got.Backup == nil || got.Revision != v500.head || got.Database != "postgresql" || got.Backup.Name != "r7" ||
		got.Backup.Revision != v500.head || got.Backup.Bytes != int64(len(dump)) || got.Backup.SHA256 != hex.EncodeToString(sum[:]) ||
		got.Backup.Seconds <= 0 || cmp.Diff([]string{"r7"}, got.Backup.Kept) != "" {
		t.Errorf("result %+v, backup %+v", got, got.Backup)
	}
	text, err := os.ReadFile(filepath.Join(v.folder, "r7", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for key, value := range map[string]any{"name": "r7", "revision": v500.head, "database": "bi", "schema": "public",
		"bytes": float64(got.Backup.Bytes), "sha256": got.Backup.SHA256} {
		if manifest[key] != value {
			t.Errorf("manifest: %s is %v, want %v", key, manifest[key], value)
		}
	}
	for key, word := range map[string]string{"server": "postgresql ", "tool": "pg_dump (PostgreSQL) ", "takenAt": "T"} {
		if value, _ := manifest[key].(string); !strings.Contains(value, word) {
			t.Errorf("manifest: %s is %q", key, value)
		}
	}
	if strings.Contains(string(text), databasePassword) {
		t.Error("the manifest contains the password")
	}
}

// separateSchema backs up a Superset that shares its database, with a password, a
// name and options that PostgreSQL's programs need in another notation.
// (SQLAlchemy does not decode a database's name.)
func separateSchema(t *testing.T, pg server) {
	pg.copyDatabase(t, at(v500), `"od d%db"`)
	odd := "od d%db"
	quoted := strings.ReplaceAll(oddPassword, "'", "''")
	pg.query(t, odd, `CREATE ROLE "ten ant" LOGIN PASSWORD '`+quoted+`'; CREATE ROLE stranger LOGIN; ALTER ROLE stranger PASSWORD 'not-a-real-one'`)
	pg.query(t, odd, `ALTER SCHEMA public RENAME TO "My ""own"" sch*ma"; CREATE SCHEMA public; GRANT CONNECT ON DATABASE "od d%db" TO "ten ant"`)
	// REASSIGN OWNED rejects the objects of the cluster's first user.
	pg.query(t, odd, `DO $$ DECLARE n text; BEGIN
		FOR n IN SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'r' AND relnamespace = '"My ""own"" sch*ma"'::regnamespace
		LOOP EXECUTE 'ALTER TABLE ' || n || ' OWNER TO "ten ant"'; END LOOP;
		FOR n IN SELECT t.oid::regtype FROM pg_type t WHERE typtype = 'e' AND typnamespace = '"My ""own"" sch*ma"'::regnamespace
		LOOP EXECUTE 'ALTER TYPE ' || n || ' OWNER TO "ten ant"'; END LOOP; END $$`)
	pg.query(t, odd, `GRANT CREATE, USAGE ON SCHEMA "My ""own"" sch*ma" TO "ten ant", stranger`)
	pg.query(t, odd, `SET ROLE stranger; CREATE TABLE "My ""own"" sch*ma".theirs AS SELECT 1 AS n`)
	pg.query(t, odd, `CREATE TABLE public.elsewhere AS SELECT 2 AS n; CREATE EXTENSION pg_trgm SCHEMA "My ""own"" sch*ma"`)
	database := "postgresql+psycopg2://ten%20ant:" + strings.ReplaceAll(url.QueryEscape(oddPassword), "+", "%20") + "@/od d%db?" + url.Values{
		"host": {"127.0.0.1"}, "port": {strconv.Itoa(pg.port)}, "sslmode": {"disable"}, "options": {`-csearch_path="My\ \"\"own\"\"\ sch*ma"`},
	}.Encode()
	j, v := job{release: v500, database: database}, newVault(t)
	before := pg.snapshot(t, odd)
	want(t, v.backup(t, j, "r7"), "")
	pg.query(t, odd, `DELETE FROM "My ""own"" sch*ma".dbs; DROP TABLE "My ""own"" sch*ma".logs; UPDATE "My ""own"" sch*ma".theirs SET n = 3; UPDATE elsewhere SET n = 4`)
	want(t, v.restore(t, j, "r7"), "")
	after := pg.snapshot(t, odd)
	for table, rows := range map[string]string{`"My ""own"" sch*ma".theirs`: "3", "public.elsewhere": "4"} {
		if n := pg.query(t, odd, "SELECT n FROM "+table); n != rows {
			t.Errorf("foreign table %s contains %s, want %s", table, n, rows)
		}
		delete(before.Rows, table)
		delete(after.Rows, table)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("-backed up +restored:\n%s", diff)
	}
}
