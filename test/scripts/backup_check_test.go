// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// check runs the pod of a backup check.
func (v *vault) check(t *testing.T, j job, extra ...string) result {
	t.Helper()
	return v.run(t, j, "backup_check.sh", "backup_check", append(extra, superset.EnvBackupCheck+"=1"))
}

// TestBackupCheck finds before a backup what makes it impossible: rights, programs, and space. It
// leaves nothing behind but the folder.
func TestBackupCheck(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", "CREATE ROLE bi LOGIN PASSWORD '"+databasePassword+"'")
	pg.query(t, "postgres", "CREATE DATABASE checked")
	pg.query(t, "checked", `GRANT ALL ON SCHEMA public TO bi; SET ROLE bi; CREATE TABLE alembic_version (version_num varchar(32));
		INSERT INTO alembic_version VALUES ('`+v500.head+`'); CREATE TABLE logs AS SELECT repeat('x', 1000) AS json FROM generate_series(1, 5000)`)
	j := job{release: v500, database: strings.Replace(pg.url("checked"), "postgres:", "bi:", 1)}
	v := newVault(t)

	want(t, v.check(t, j), "")
	if got := v.names(t); got != "[]" {
		t.Errorf("the check leaves %s", got)
	}
	t.Run("rights", func(t *testing.T) {
		pg.query(t, "checked", "SET ROLE bi; REVOKE SELECT ON logs FROM bi")
		want(t, v.check(t, j), "BackupFailed", "may not read all of logs", "grant SELECT")
		want(t, v.backup(t, j, "r1"), "BackupFailed", "permission denied") // the check is right
		pg.query(t, "checked", "SET ROLE bi; GRANT SELECT ON logs TO bi; ALTER TABLE logs ENABLE ROW LEVEL SECURITY")
		want(t, v.check(t, j), "") // it does not apply to the owner
		pg.query(t, "checked", "SET ROLE bi; ALTER TABLE logs FORCE ROW LEVEL SECURITY")
		want(t, v.check(t, j), "BackupFailed", "may not read all of logs", "row-level security")
		want(t, v.backup(t, j, "r1"), "BackupFailed", "row-level security")
		pg.query(t, "checked", "SET ROLE bi; ALTER TABLE logs NO FORCE ROW LEVEL SECURITY")
	})
	t.Run("programs", func(t *testing.T) {
		none := *v
		none.path = withoutPrograms(t)
		want(t, none.check(t, j), "ToolMismatch", "spec.upgrade.backup.image")
	})
	t.Run("space", func(t *testing.T) { checkSpace(t, j) })
	t.Run("own command", func(t *testing.T) {
		own := *v
		own.command = ":"
		want(t, own.check(t, j, superset.EnvCustom+"=1"), "")
	})
}

// checkSpace checks a claim of 8 MiB.
func checkSpace(t *testing.T, j job) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small file system")
	}
	v := newVault(t)
	claim := filepath.Dir(v.folder)
	if err := os.MkdirAll(claim, 0o755); err != nil {
		t.Fatal(err)
	}
	mount := func(arguments ...string) {
		t.Helper()
		if out, err := exec.Command("mount", append(arguments, claim)...).CombinedOutput(); err != nil {
			t.Fatalf("mounting: %v\n%s", err, out)
		}
	}
	mount("-t", "tmpfs", "-o", "size=8m", "tmpfs")
	t.Cleanup(func() { _ = exec.Command("umount", claim).Run() })
	sized := func(name string, mib int64) {
		t.Helper()
		file := filepath.Join(v.folder, name, "dump")
		writeFile(t, file, strings.Repeat("x", int(mib<<20)))
	}
	if got := v.check(t, j); got.Reason != "" || got.BackupNote != "" {
		t.Errorf("enough space: %+v", got)
	}
	want(t, v.backup(t, j, "r1"), "")
	sized("elsewhere", 7)
	got := v.check(t, j)
	want(t, got, "")
	if got.BackupNote != "" { // the dump of the repeated rows is small
		t.Errorf("note %q", got.BackupNote)
	}
	manifest := filepath.Join(v.folder, "r1", "manifest.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	// The same backup, as large as the claim has free.
	if err := os.RemoveAll(filepath.Join(v.folder, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	sized("r1", 3)
	size := func(n string) string {
		at := strings.Index(string(text), `"bytes": `) + len(`"bytes": `)
		end := at + strings.Index(string(text[at:]), ",")
		return string(text[:at]) + n + string(text[end:])
	}
	writeFile(t, manifest, size("3145728"))
	if got = v.check(t, j); !strings.Contains(got.BackupNote, "MiB free, and the last backup had 3 MiB") {
		t.Errorf("note %q, reason %q", got.BackupNote, got.Reason)
	}
	sized("elsewhere", 3)
	want(t, v.check(t, j), "BackupFailed", "the last backup had 3 MiB", "raise the size of the claim")
	if err := os.Rename(filepath.Join(v.folder, "elsewhere"), filepath.Join(v.folder, ".partial-r9")); err != nil {
		t.Fatal(err)
	}
	want(t, v.check(t, j), "") // the next backup deletes it
	mount("-o", "remount,ro")
	want(t, v.check(t, j), "BackupFailed", "cannot be written")
}

// TestMySQLRights: preflight refuses a user without a privilege that the pending migrations need,
// and the check one that cannot dump views. Grants on patterns and roles count.
func TestMySQLRights(t *testing.T) {
	s := startMySQL(t)
	s.query(t, "", "CREATE DATABASE bi; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON bi.* TO bi@'127.0.0.1'")
	j := job{release: v500, script: "preflight", database: s.url("bi")}
	j.expect(t, "DatabaseAuthFailed", "has no ALTER and no DROP and no INDEX privilege", "GRANT ALTER, DROP, INDEX ON `bi`.* TO 'bi'@'127.0.0.1'")
	s.query(t, "", "CREATE ROLE changes; GRANT ALTER, DROP, INDEX ON `b_`.* TO changes; GRANT changes TO bi@'127.0.0.1'")
	j.expect(t, "DatabaseAuthFailed", "GRANT ALTER") // the role is not active
	s.query(t, "", "SET DEFAULT ROLE changes FOR bi@'127.0.0.1'")
	j.expect(t, "")

	v := newVault(t)
	s.query(t, "bi", "CREATE TABLE alembic_version (version_num varchar(32)); CREATE VIEW totals AS SELECT count(*) AS n FROM alembic_version")
	want(t, v.check(t, j), "BackupFailed", "has no SHOW VIEW privilege")
	want(t, v.backup(t, j, "r1"), "BackupFailed", "SHOW VIEW command denied")
	s.query(t, "", "GRANT SHOW VIEW ON bi.* TO bi@'127.0.0.1'")
	want(t, v.check(t, j), "")

	// MySQL requires REFERENCES, and MariaDB does not. This is the server's own list of grants, read
	// as if it were MySQL's.
	const asMySQL = `
import sys
from superset_job.database import access as database, rights
from superset_job.revisions.graph import read_graph
graph = read_graph()
with database.read_only(database.database_url()) as connection:
    connection.dialect.is_mariadb, connection.dialect.server_version_info = False, (5, 7)
    try:
        rights.check_may_migrate_mysql(connection, [graph.files[r] for r in graph.pending(sys.argv[1])])
    except database.JobError as error:
        print(error.reason, error.message)
`
	s.query(t, "", "GRANT ALTER, DROP, INDEX ON bi.* TO bi@'127.0.0.1'")
	for grant, word := range map[string]string{"": "DatabaseAuthFailed the database user bi@127.0.0.1 may not migrate: it has no REFERENCES privilege", "REFERENCES": ""} {
		if grant != "" {
			s.query(t, "", "GRANT "+grant+" ON `bi`.* TO bi@'127.0.0.1'")
		} else {
			s.query(t, "", "REVOKE REFERENCES ON `bi`.* FROM bi@'127.0.0.1'")
		}
		command := job{release: v600, database: j.database}.command(t, "python", "-c", asMySQL, v500.head)
		command.Env = append(command.Env, "PYTHONPATH="+scriptsFolder(t))
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), word) || word == "" && strings.Contains(string(out), "DatabaseAuthFailed") {
			t.Errorf("with %q: %v\n%s", grant, err, out)
		}
	}
}

// Lines of SHOW GRANTS of MySQL 8 and of MariaDB, for the database b_i.
func TestRightsOfGrants(t *testing.T) {
	environment(t, v500) // has SQLAlchemy, which the module imports
	cases := map[string][]string{
		"GRANT SELECT, CREATE VIEW ON `b\\_i`.* TO `u`@`%`":                                       {"CREATE VIEW", "SELECT"},
		"GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION":                                {"ALL PRIVILEGES"},
		"GRANT INDEX ON `b%`.* TO `u`@`h`":                                                        {"INDEX"},
		"GRANT INDEX ON `c%`.* TO `u`@`h`":                                                        {},
		"GRANT SELECT (`a`, `b`), REFERENCES ON `b_i`.`t` TO `u`@`h`":                             {"REFERENCES", "SELECT"},
		"GRANT USAGE ON *.* TO `u`@`h` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967'": {"USAGE"},
		"GRANT `r`@`%`,`s`@`%` TO `u`@`h`":                                                        {},
		"GRANT EXECUTE ON PROCEDURE `b_i`.`p` TO `u`@`h`":                                         {},
		"REVOKE INSERT ON `b_i`.* FROM `u`@`h`":                                                   {},
	}
	for grant, rights := range cases {
		command := job{release: v500}.command(t, "python", "-c",
			"import sys; from superset_job.database import rights as r; print(*sorted(r.rights_of(sys.argv[1], 'b_i')), sep='|')", grant)
		command.Env = append(command.Env, "PYTHONPATH="+scriptsFolder(t))
		out, err := command.CombinedOutput()
		if diff := cmp.Diff(strings.Join(rights, "|"), strings.TrimSpace(string(out))); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", grant, err, diff)
		}
	}
}
