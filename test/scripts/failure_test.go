// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// preflightFailures gives preflight each kind of fault and checks the reason. The
// database of 5.0.0 is sound in all cases.
func preflightFailures(t *testing.T, pg server, cache string) {
	sound := job{release: v500, script: "preflight", database: pg.copyDatabase(t, at(v500), "sound"), cache: cache}
	pg.query(t, "sound", "CREATE ROLE reader LOGIN PASSWORD '"+databasePassword+"'")
	cases := map[string]struct {
		change func(*job)
		reason string
		words  []string
	}{
		"wrong password": {func(j *job) { j.database = strings.Replace(j.database, databasePassword, "another-fake-one", 1) },
			"DatabaseAuthFailed", []string{"password authentication failed"}},
		"refused": {func(j *job) { j.database = fmt.Sprintf("postgresql://u:p-fake@127.0.0.1:%d/bi", freePort(t)) },
			"DatabaseUnreachable", []string{"onnection refused"}},
		"unknown host": {func(j *job) { j.database = "postgresql://u:p-fake@nowhere.invalid/bi" },
			"DatabaseUnreachable", []string{"nowhere.invalid", "has no address"}},
		"too many connections": {func(j *job) {
			pg.query(t, "sound", "CREATE ROLE few LOGIN PASSWORD '"+databasePassword+"' CONNECTION LIMIT 0")
			j.database = strings.Replace(j.database, "//postgres:", "//few:", 1)
		}, "DatabaseUnreachable", []string{"too many connections", "does not accept connections"}},
		"no such database": {func(j *job) { j.database = pg.url("nothing") }, "DatabaseUnreachable", []string{"nothing"}},
		"no URI":           {func(j *job) { j.database = "" }, "ConfigInvalid", []string{"empty"}},
		"not a URI":        {func(j *job) { j.database = "db:5432" }, "ConfigInvalid", []string{"not a URL"}},
		"scheme of Heroku": {func(j *job) { j.database = "postgres://u:p-fake@127.0.0.1/bi" },
			"ConfigInvalid", []string{"write postgresql://"}},
		"line feed": {func(j *job) { j.database += "\n" }, "ConfigInvalid", []string{"ends with white space", "--from-literal"}},
		"Sentinel":  {func(j *job) { j.cache = "sentinel://:p-fake@127.0.0.1:26379/0" }, "ConfigInvalid", []string{"Redis Sentinel is not supported"}},
		"unknown driver": {func(j *job) { j.database = "postgresql+nothing://u:p-fake@127.0.0.1/bi" },
			"DriverMissing", []string{"postgresql+nothing"}},
		"missing driver": {func(j *job) { j.database = "mysql+mysqldb://u:p-fake@127.0.0.1/bi" },
			"DriverMissing", []string{"MySQLdb", "; install it in the image"}},
		"no psycopg2": {func(j *job) { j.extra = []string{"PYTHONPATH=" + withoutModule(t, "psycopg2")} },
			"DriverMissing", []string{"psycopg2", "add packages: [psycopg2-binary] to spec"}},
		"config raises": {func(j *job) { j.raw = "ROW_LIMIT = 1 / 0" }, "ConfigInvalid", []string{"line", "ZeroDivisionError"}},
		"config imports what the release lacks": {func(j *job) { j.raw = "from superset.tasks.types import NotThere" }, "ConfigInvalid",
			[]string{"superset_config.py line", "NotThere", "UPDATING.md"}},
		"config syntax": {func(j *job) { j.raw = "ROW_LIMIT = (" }, "ConfigInvalid", []string{"line", "SyntaxError"}},
		"config imports": {func(j *job) { j.raw = "import nothing_like_it" },
			"ImageBroken", []string{"superset_config.py line", "nothing_like_it"}},
		"config misleads": {func(j *job) { j.raw = "LANGUAGES = 5\nBABEL_DEFAULT_LOCALE = 7\nFEATURE_FLAGS = 3" },
			"ConfigInvalid", []string{"but does without it"}},
		"module missing": {func(j *job) { j.extra = []string{"PYTHONPATH=" + withoutModule(t, "flask_compress")} },
			"ImageBroken", []string{"flask_compress"}},
		"image broken": {func(j *job) { j.extra = []string{"PYTHONPATH=" + withModule(t, "flask_compress", "Compress = None")} },
			"ImageBroken", []string{"not even without a configuration"}},
		"public key": {func(j *job) { j.extra = []string{"SUPERSET_SECRET_KEY=CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET"} },
			"SecretKeyInvalid", []string{"public default"}},
		"no key":      {func(j *job) { j.extra = []string{"SUPERSET_SECRET_KEY="} }, "SecretKeyInvalid", []string{"empty"}},
		"another key": {func(j *job) { storePassword(t, j); j.extra = []string{"SUPERSET_SECRET_KEY=" + otherKey} }, "SecretKeyInvalid", []string{"decrypt"}},
		"same key":    {func(j *job) { storePassword(t, j) }, "", nil},
		"two rows": {func(j *job) {
			j.database = pg.copyDatabase(t, "sound", "two_rows")
			pg.query(t, "two_rows", "INSERT INTO alembic_version VALUES ('"+v414.head+"')")
		}, "MultipleHeads", []string{"alembic_version has 2 rows", v414.head, v500.head}},
		"two heads": {func(j *job) { j.extra = []string{"PYTHONPATH=" + withRevision(t, v500, "abcdef012345", v414.head)} },
			"MultipleHeads", []string{"the image's migration scripts have 2 heads", "abcdef012345"}},
		"script misses": {func(j *job) {
			j.extra = []string{"PYTHONPATH=" + withRevision(t, v500, "abcdef012345", "fedcba543210")}
		},
			"ImageBroken", []string{"incomplete", "fedcba543210 missing"}},
		"unknown revision": {func(j *job) {
			j.database = pg.copyDatabase(t, "sound", "unknown")
			pg.query(t, "unknown", "UPDATE alembic_version SET version_num = 'fedcba543210'")
		}, "DatabaseAhead", []string{"fedcba543210", v500.head, "does not know"}},
		"never migrated": {func(j *job) {
			j.database = pg.copyDatabase(t, "sound", "never")
			pg.query(t, "never", "TRUNCATE alembic_version")
		}, "", nil},
		"reads alone": {func(j *job) {
			j.release, j.database = v600, pg.reader(t, "sound", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
		}, "DatabaseReadOnly", []string{"reader may not migrate", "does not own the table"}},
		"creates nothing": {func(j *job) {
			pg.copyDatabase(t, "", "blank")
			j.database = pg.reader(t, "blank", "GRANT CONNECT ON DATABASE blank TO reader")
		}, "DatabaseReadOnly", []string{"reader may not migrate", "has no CREATE privilege in the schema public"}},
		"no rights": {func(j *job) { j.database = pg.reader(t, "sound", "GRANT USAGE ON SCHEMA public TO reader") },
			"DatabaseAuthFailed", []string{"permission denied"}},
		"read-only": {func(j *job) { pg.query(t, "sound", "ALTER DATABASE sound SET default_transaction_read_only = on") },
			"DatabaseReadOnly", []string{"replica"}},
	}
	for _, name := range sortedLast(cases, "no rights", "reads alone", "another key", "same key", "read-only") {
		t.Run(name, func(t *testing.T) {
			c, j := cases[name], sound
			c.change(&j)
			got := j.expect(t, c.reason, c.words...)
			head := j.release.head
			if c.reason == "MultipleHeads" || name == "script misses" {
				head = got.Head // none for a fault of the image
			}
			if got.Head != head {
				t.Errorf("head %q, want %s", got.Head, head)
			}
		})
	}
	t.Run("migrate read-only", func(t *testing.T) {
		migrate := sound
		migrate.script = "migrate"
		migrate.expect(t, "DatabaseReadOnly")
	})
}

const otherKey = "another-fake-secret-key-9876543210"

// sortedLast returns the map's keys, the named ones last and in their order: they
// change the shared database.
func sortedLast[V any](cases map[string]V, last ...string) []string {
	var names []string
	for name := range cases {
		if !strings.Contains("|"+strings.Join(last, "|")+"|", "|"+name+"|") {
			names = append(names, name)
		}
	}
	return append(names, last...)
}

// withoutModule returns a folder that hides a module of the image, as if it were
// not installed.
func withoutModule(t *testing.T, name string) string {
	t.Helper()
	return withModule(t, name, fmt.Sprintf("raise ModuleNotFoundError(\"No module named '%s'\", name='%[1]s')\n", name))
}

// withModule returns a folder with a module that replaces the image's.
func withModule(t *testing.T, name, text string) string {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, name+".py"), text)
	return folder
}

// withRevision returns a folder whose package superset is that of the release
// with one more migration script; all other files are links.
func withRevision(t *testing.T, r release, revision, parent string) string {
	t.Helper()
	folder := t.TempDir()
	found, err := filepath.Glob(filepath.Join(environment(t, r), "lib", "python*", "site-packages", "superset"))
	if err != nil || len(found) != 1 {
		t.Fatalf("finding the package superset: %v %v", found, err)
	}
	inner := ""
	for _, next := range []string{"migrations", "versions", ""} {
		entries, err := os.ReadDir(filepath.Join(found[0], inner))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(folder, "superset", inner)
		if err := os.MkdirAll(target, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() == next {
				continue
			}
			if err := os.Symlink(filepath.Join(found[0], inner, entry.Name()), filepath.Join(target, entry.Name())); err != nil {
				t.Fatal(err)
			}
		}
		inner = filepath.Join(inner, next)
	}
	writeFile(t, filepath.Join(folder, "superset", "migrations", "versions", revision+".py"),
		fmt.Sprintf("revision = %q\ndown_revision = %q\n", revision, parent))
	return folder
}

// storePassword makes Superset store a database connection with a password.
func storePassword(t *testing.T, j *job) {
	t.Helper()
	const program = `
from superset.app import create_app
with create_app().app_context():
    from superset import db
    from superset.models.core import Database
    if not db.session.query(Database).first():
        database = Database(database_name="sales")
        database.set_sqlalchemy_uri("postgresql://reader:not-a-real-one@sales/sales")
        db.session.add(database)
        db.session.commit()
    print("stored", db.session.query(Database).one().password)
`
	out, err := j.command(t, "python", "-c", program).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "stored not-a-real-one") {
		t.Fatalf("storing a password: %v\n%s", err, out)
	}
}
