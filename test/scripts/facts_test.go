// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// facts is a Python program that prints what preflight reads besides the schema.
const facts = `import json, sqlalchemy
from superset_job import report
from superset_job.broker import others
from superset_job.database import identity
from superset_job.database.access import database_url, read_facts, read_only
result, url = report.Result("inspect"), database_url()
read_facts(url, result)
with read_only(url) as connection:
    identity.read_identity(url, connection, result)
    identity.read_tables(connection, result)
    others.read_sessions(connection, result)
print(result.encode(lambda text: text).decode())
`

// facts returns what preflight reads from the database.
func (j job) facts(t *testing.T) migrations.Result {
	t.Helper()
	command := j.command(t, "python", "-c", facts)
	command.Env = append(command.Env, "PYTHONPATH="+scriptsFolder(t))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	got, err := migrations.ParseResult(lines[len(lines)-1])
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return got
}

// TestTables: a database without a revision for this connection may have tables of Superset.
func TestTables(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", "CREATE ROLE reader LOGIN PASSWORD '"+databasePassword+"'")
	cases := map[string]struct{ statements, schema, revision string }{
		"empty":          {"SELECT 1", "", ""},
		"revision":       {"CREATE TABLE dbs (id int); CREATE TABLE alembic_version AS SELECT 'abc' AS version_num", "", "abc"},
		"no_revision":    {"CREATE TABLE ab_user (id int)", "public", ""},
		"empty_revision": {"CREATE TABLE dbs (id int); CREATE TABLE alembic_version (version_num text)", "public", ""},
		"another_schema": {"CREATE SCHEMA bi; CREATE TABLE bi.dbs (id int); CREATE TABLE bi.alembic_version AS SELECT 'abc' AS version_num; GRANT USAGE ON SCHEMA bi TO reader", "bi", ""},
		"hidden_schema":  {"CREATE SCHEMA bi; CREATE TABLE bi.dbs (id int)", "", ""},
		"own_first":      {"CREATE SCHEMA aa; GRANT USAGE ON SCHEMA aa TO reader; CREATE TABLE aa.dbs (id int); CREATE TABLE ab_user (id int)", "public", ""},
		"airflow":        {"CREATE SCHEMA air; GRANT USAGE ON SCHEMA air TO reader; CREATE TABLE air.dag (id int); CREATE TABLE air.ab_user (id int)", "", ""},
		"pgschema":       {"CREATE SCHEMA pgx; GRANT USAGE ON SCHEMA pgx TO reader; CREATE TABLE pgx.dbs (id int)", "pgx", ""},
		"something_else": {"CREATE TABLE dashboards_of_mine (id int)", "", ""},
	}
	for name, c := range cases {
		pg.copyDatabase(t, "", name)
		for _, statement := range strings.Split(c.statements, "; ") {
			pg.query(t, name, statement)
		}
		got := job{release: v610, database: pg.reader(t, name, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")}.facts(t)
		if got.Tables != (c.schema != "") || got.TablesIn != c.schema || got.Revision != c.revision {
			t.Errorf("%s: tables %v in %q, revision %q; want %q and %q", name, got.Tables, got.TablesIn, got.Revision, c.schema, c.revision)
		}
	}
	j := job{release: v610, script: "preflight", database: pg.copyDatabase(t, "", "foreign_app")}
	pg.query(t, "foreign_app", "CREATE TABLE alembic_version AS SELECT 'fedcba543210'::varchar(32) AS version_num")
	j.expect(t, "DatabaseAhead", "fedcba543210", "another application uses this database")
	pg.query(t, "foreign_app", "CREATE TABLE dbs (id int)")
	j.expect(t, "DatabaseAhead", "fedcba543210", "a newer or a different Superset")
}

// TestIdentity: a copy has another identity, the same database the same one, under any address and
// for any role.
func TestIdentity(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", "CREATE ROLE reader LOGIN PASSWORD '"+databasePassword+"'")
	const name = `my "db"`
	pg.query(t, "postgres", `CREATE DATABASE "my ""db"""`)
	j := job{release: v610, database: pg.url(name)}
	want := "postgresql/" + pg.query(t, "postgres", "SELECT system_identifier FROM pg_control_system()") + "/" +
		pg.query(t, "postgres", `SELECT oid FROM pg_database WHERE datname = 'my "db"'`) + "/" + name
	if got := j.facts(t).Identity; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	plain := j
	plain.database = strings.Replace(strings.Replace(j.database, "//postgres:", "//reader:", 1), "127.0.0.1", "localhost", 1)
	if got := plain.facts(t).Identity; got != want {
		t.Errorf("for a plain role %q, want %q", got, want)
	}
	pg.query(t, name, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
	if got, fallback := plain.facts(t).Identity, "postgresql/-/"+strings.SplitN(want, "/", 3)[2]; got != fallback {
		t.Errorf("without the right %q, want %q", got, fallback)
	}
	file := filepath.Join(t.TempDir(), strings.Repeat("a-long-folder/", 15)+"bi.db")
	writeFile(t, file, "")
	for database, begins := range map[string]string{"sqlite:////tmp/nothing.db": "sqlite//tmp/nothing.db", "sqlite:///" + file: "sqlite/sha256-"} {
		if got := (job{release: v610, database: database}).facts(t).Identity; !strings.HasPrefix(got, begins) || len(got) > 128 {
			t.Errorf("%s: %q", database, got)
		}
	}
}

// TestIdentityOfCreatedDatabase: migrate reports the identity of the database that it creates.
func TestIdentityOfCreatedDatabase(t *testing.T) {
	pg := startPostgreSQL(t)
	j := job{release: v610, script: "preflight", database: pg.url("fresh"), extra: []string{createDatabase}}
	if got := j.expect(t, ""); got.Identity != "" || got.Tables {
		t.Errorf("before it exists: %+v", got)
	}
	j.script = "migrate"
	got := j.expect(t, "")
	if !strings.HasSuffix(got.Identity, "/fresh") || strings.Contains(got.Identity, "-/") {
		t.Errorf("identity %q", got.Identity)
	}
	if again := j.facts(t); again.Identity != got.Identity || again.Tables {
		t.Errorf("%+v, want %s", again.Facts, got.Identity)
	}
}

// TestOtherSessions: sessions of other roles are counted by name, also for a plain role.
func TestOtherSessions(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", "CREATE ROLE reader LOGIN PASSWORD '"+databasePassword+"'")
	pg.copyDatabase(t, "", "bi")
	j := job{release: v610, database: pg.reader(t, "bi", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"),
		extra: []string{superset.EnvOwner + "=ns/bi"}}
	if got := j.facts(t).Sessions; got != nil {
		t.Errorf("%+v without other sessions", got)
	}
	for _, name := range []string{"helm", "superset-operator migrate ns/bi", "superset-operator migrate other/bi", "helm", strings.Repeat("z", 100)} {
		connectAs(t, pg, name)
	}
	want := []migrations.Session{{Name: "helm", Count: 2}, {Name: "superset-operator migrate other/bi", Count: 1}}
	got := j.facts(t).Sessions
	if len(got) != 3 || cmp.Diff(want, got[:2]) != "" {
		t.Errorf("%+v, want %+v and one more", got, want)
	}
	for i := range 10 {
		connectAs(t, pg, fmt.Sprintf("one of many %d", i))
	}
	if got := j.facts(t).Sessions; len(got) != 8 || got[0] != want[0] {
		t.Errorf("%+v, want 8", got)
	}
}

// connectAs keeps a session with that name open until the end of the test.
func connectAs(t *testing.T, pg server, name string) {
	t.Helper()
	command := exec.Command(filepath.Join(machine.postgresql, "psql"), "-X", "-q", "-d", pg.libpq("bi"), "-c", `\echo connected`, "-c", "SELECT pg_sleep(600)")
	command.Env = append(os.Environ(), "PGAPPNAME="+name)
	p := start(t, "psql", command, syscall.SIGINT)
	p.waitUntil(t, "connected", func() bool { return strings.Contains(p.log.String(), "connected") })
}

// TestFactsOnMariaDB: MariaDB has no identifier of its own. Sessions are counted by user.
func TestFactsOnMariaDB(t *testing.T) {
	s := startMySQL(t)
	s.query(t, "", "CREATE DATABASE bi; GRANT ALL PRIVILEGES ON bi.* TO bi@'127.0.0.1'")
	j := job{release: v414, database: s.url("bi")}
	if got := j.facts(t); got.Identity != "mysql/-/bi" || got.Tables || got.Sessions != nil {
		t.Errorf("%+v", got.Facts)
	}
	s.query(t, "bi", "CREATE TABLE ab_user (id int)")
	other := exec.Command("mysql", "--no-defaults", "-h", "127.0.0.1", "-P", fmt.Sprint(s.port), "-u", "bi", "-D", "bi", "-N", "-B", "--unbuffered",
		"-e", "SELECT 'connected'; SELECT SLEEP(600)")
	other.Env = append(os.Environ(), "MYSQL_PWD="+oddPassword)
	p := start(t, "mysql", other, syscall.SIGKILL)
	p.waitUntil(t, "connected", func() bool { return strings.Contains(p.log.String(), "connected") })
	if got := j.facts(t); !got.Tables || got.TablesIn != "bi" || cmp.Diff([]migrations.Session{{Name: "bi", Count: 1}}, got.Sessions) != "" {
		t.Errorf("%+v", got.Facts)
	}
	s.query(t, "bi", "CREATE TABLE dag (id int)")
	if got := j.facts(t); got.Tables {
		t.Errorf("%+v", got.Facts)
	}
}

// TestOtherWorkers: a worker with another host name is foreign, and what only beat sends to it shows
// another beat.
func TestOtherWorkers(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	j := job{release: v610, script: "preflight", database: pg.copyDatabase(t, "", "bi"), cache: cache, raw: often,
		extra: []string{superset.EnvWorkerDeployment + "=bi-worker"}}
	if got := j.expect(t, ""); got.Workers != nil || got.WorkerCount != 0 {
		t.Errorf("without workers: %+v", got)
	}
	startWorkerNamed(t, j, "celery@other-superset-0")
	startBeat(t, j)
	var got result
	for range 5 { // until a tick
		if got = j.expect(t, ""); got.Beat != "" {
			break
		}
	}
	if cmp.Diff([]string{"celery@other-superset-0"}, got.Workers) != "" || got.WorkerCount != 1 || got.Beat != "reports.scheduler" {
		t.Errorf("%+v", got)
	}
	startWorkerNamed(t, j, "celery@bi-worker-5d9c7b8f6-x2x4z")
	if got := j.expect(t, ""); cmp.Diff([]string{"celery@other-superset-0"}, got.Workers) != "" || got.Beat != "" {
		t.Errorf("with a worker of ours: %+v", got)
	}
	j.cache = fmt.Sprintf("redis://127.0.0.1:%d/0", freePort(t))
	if got := j.expect(t, ""); got.Workers != nil {
		t.Errorf("without a broker: %+v", got)
	}
}

func startWorkerNamed(t *testing.T, j job, name string) {
	t.Helper()
	p := start(t, name, j.command(t, "celery", "--app=superset.tasks.celery_app:app", "worker", "-Ofair", "--concurrency=1", "--loglevel=INFO", "--hostname="+name), syscall.SIGTERM)
	p.waitUntil(t, "ready", func() bool { return strings.Contains(p.log.String(), " ready.") })
}

// TestVersions compares versions of the package with spec.version.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		note, ok   bool
	}{
		{"6.0.0", "6.0.0", false, true}, {"6.0.0", "6.0.0-acme.2", false, true}, {"6.0.0", "6.0.0+acme", false, true},
		{"6.0.0rc1", "6.0.0", true, true}, {"4.1.3.post1", "4.1.3", true, true}, {"6.0", "6.0.0", false, true}, {"v6.0.0", "6.0.0", false, true},
		{"6.0.0+acme.2", "6.0.0", true, true}, {"0.0.0.dev0", "6.0.0", true, true}, {"0.0.0-dev", "6.0.0", true, true}, {"", "6.0.0", true, true},
		{"main", "6.0.0", true, true}, {"5.0.0", "6.0.0", false, false}, {"6.0.1", "6.0.0", false, false}, {"6.0.0", "6.1.0", false, false},
		{"16.0.0", "6.0.0", false, false}, {"6.0.0rc1", "6.0.1", false, false},
	} {
		text, _ := evaluate(t, "outcome('superset_job.app.version', 'compare', given)", c.name, c.spec).(string)
		if refused := strings.HasPrefix(text, "VersionMismatch: "); refused == c.ok || c.ok && (text != "") != c.note {
			t.Errorf("package %q, spec.version %q: %q", c.name, c.spec, text)
		}
	}
}

// TestVersionMismatch: an image of another release is refused before anything is read.
func TestVersionMismatch(t *testing.T) {
	j := job{release: v500, script: "preflight", database: "postgresql://nobody@127.0.0.1:1/nothing", extra: []string{superset.EnvVersion + "=6.0.0"}}
	got := j.expect(t, "VersionMismatch", "the image has Superset 5.0.0, but spec.version is 6.0.0", "digest", "spec.version: 5.0.0")
	if got.Package != "5.0.0" || got.Head != "" {
		t.Errorf("%+v", got)
	}
	for _, r := range []release{v414, v500, v600, v610} {
		j.release, j.extra = r, []string{superset.EnvVersion + "=" + r.version + "-acme.2"}
		if got := j.expect(t, "DatabaseUnreachable"); got.Package != r.version || got.VersionNote != "" {
			t.Errorf("%s: %+v", r.version, got)
		}
	}
}

// TestUnknownSettings uses settings that the releases removed.
func TestUnknownSettings(t *testing.T) {
	const raw = `
ROW_LIMIT = 10
AUTH_LDAP_SERVER = "ldap://x"
WTF_CSRF_TIME_LIMIT = 5
MY_HOST = "x"
WEBDRIVER_BASEURL = f"http://{MY_HOST}"
if True:
    NOT_A_SETTING: str = "1"
def f():
    INSIDE_A_FUNCTION = 1
lower_case = 2
THUMBNAIL_SELENIUM_USER = "admin"
`
	for r, want := range map[release]string{
		v414: `{"unknownSettings": ["NOT_A_SETTING"]}`, v610: `{"unknownSettings": ["NOT_A_SETTING", "THUMBNAIL_SELENIUM_USER"]}`,
	} {
		j := job{release: r, script: "preflight", database: "postgresql://nobody@127.0.0.1:1/nothing", raw: raw}
		command := j.command(t, "python", "-c", "import json\nfrom superset_job import report\nfrom superset_job.app import settings as s\nr = report.Result('inspect')\ns.read_settings(r)\nprint(json.dumps(r.facts))")
		command.Env = append(command.Env, "PYTHONPATH="+scriptsFolder(t))
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.HasSuffix(strings.TrimSpace(string(out)), want) {
			t.Errorf("%s: %s", r.version, out)
		}
	}
}
