// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// atRecord runs Python between a revision's last statement and its record in
// alembic_version, with access to the migration's connection and cursor.
func atRecord(revision, body string) string {
	return fmt.Sprintf(`
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, "before_cursor_execute")
def at_record(connection, cursor, statement, *others):
    if statement.startswith("UPDATE alembic_version SET version_num='%s'"):
        %s
`, revision, strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n        "))
}

// politeLimits checks the time-outs of a migration, and each limit of a lock
// attempt on its own.
func politeLimits(t *testing.T, pg server) {
	const show = `
settings = "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"
other = connection.connection.cursor()
for name in settings:
    other.execute("SHOW " + name)
    print("limit", name, other.fetchone()[0])`
	plain := migration600(t, pg, "limits_plain")
	pg.query(t, "postgres", "ALTER DATABASE limits_plain SET lock_timeout = '50s'")
	// Limits of the role suit the requests of Superset, not a migration.
	pg.query(t, "postgres", "ALTER ROLE "+tenant+" IN DATABASE limits_plain SET statement_timeout = '20s'")
	cases := map[string]struct {
		job  job
		want []string
	}{
		"plain":  {plain, []string{"lock_timeout 50s", "statement_timeout 0", "idle_in_transaction_session_timeout 1h"}},
		"polite": {politely(migration600(t, pg, "limits_polite"), "7.5", "60"), []string{"lock_timeout 0", "statement_timeout 7500ms", "idle_in_transaction_session_timeout 7500ms"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.job.raw = atRecord("cd1fb11291f2", show)
			got, log := c.job.run(t)
			if got.Reason != "" || (got.Locks != nil) != (name == "polite") {
				t.Errorf("result %+v", got)
			}
			for _, line := range c.want {
				if !strings.Contains(log, "limit "+line) {
					t.Errorf("no limit %q in the log:\n%s", line, log)
				}
			}
		})
	}
	blocker := pg.openSession(t, "the blocker", tenant, "limits_plain", "SELECT 1 FROM ab_user; SELECT 1 FROM slices")
	const try = `
def tried(one, all_of_them):
    locked = tables._try(connection, one, all_of_them)
    left = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'"
    return locked, connection.exec_driver_sql(left).scalar()
`
	for _, c := range []struct{ name, program, want string }{
		{"one lock", try + "print(tried(0.2, 3600))", "(None, 0)"},
		{"all locks", try + "print(tried(3600, 0.5))", "(None, 0)"},
		{"quick deadlock check", `
connection.exec_driver_sql("COMMIT")
print(max(tables._limits(connection)) < 0.1)`, "True"},
		{"idle", `
polite._prepare(connection, 0.2)
import select
print(select.select([connection.connection], [], [], 60)[0] != [])  # the server closes the connection
try:
    connection.exec_driver_sql("SELECT 1")
except sa.exc.DBAPIError as error:
    print(error.connection_invalidated)`, "True\nTrue"},
		{"isolation", `
polite._prepare(connection)
print(connection.exec_driver_sql("SHOW transaction_isolation").scalar())`, "read committed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "quick deadlock check" {
				pg.query(t, "postgres", "ALTER DATABASE limits_plain SET deadlock_timeout = '100ms'")
			}
			if c.name == "isolation" {
				pg.query(t, "postgres", "ALTER DATABASE limits_plain SET default_transaction_isolation = 'repeatable read'")
			}
			if got := withScripts(t, plain, c.program); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	blocker.end(t)
}

// withScripts runs a program with the scripts' modules and a transaction in the
// job's database, and returns its output.
func withScripts(t *testing.T, j job, program string) string {
	t.Helper()
	j.extra = append(j.extra, "PYTHONPATH="+scriptsFolder(t))
	command := j.command(t, "python", "-c", `
import sqlalchemy as sa
from superset_job.database import access
from superset_job.locks import polite, tables
connection = access.new_engine(access.database_url()).connect()
connection.begin()`+program)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// politeBudget makes a migration hold its locks longer than permitted, in several
// ways: each is aborted, and everything is rolled back.
func politeBudget(t *testing.T, pg server) {
	// The first of the hop's revisions: a busy machine must reach it within the
	// limit.
	const first = "94e7a3499973"
	cases := map[string]struct{ limit, raw, said string }{
		"many short statements": {limit: "0.05"},
		"one long statement": {"5", atRecord(first, `
print("reached")
cursor.execute("SELECT pg_sleep(600)")`), "reached"},
		// The server's limit is off and the script swallows the error: the cancelling
		// thread and the flag must suffice.
		"an error swallowed": {"5", atRecord(first, `
try:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SAVEPOINT of_a_script")
    connection.exec_driver_sql("SELECT pg_sleep(600)")
except Exception:
    cursor.execute("ROLLBACK TO of_a_script")
    print("swallowed")`), "swallowed"},
		// Only the commit follows.
		"after the last statement": {"5", strings.Replace(atRecord(v600.head, `
import time
print("reached")
for _ in range(60):
    time.sleep(0.1)
    connection.connection.cursor().execute("SELECT 1")  # unseen by SQLAlchemy's events`), "before_", "after_", 1), "reached"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			database := "budget_" + strings.ReplaceAll(name, " ", "_")
			j := migration600(t, pg, database)
			slow := j
			slow.raw = c.raw
			got, log := politely(slow, c.limit, "60").run(t)
			if got.Reason != "LockBudgetExceeded" || got.Revision != v500.head || got.PendingCount == 0 || got.Locks == nil || lockedTables(log) == 0 {
				t.Errorf("result %+v, locks %+v, log:\n%s", got, got.Locks, log)
			}
			if want := "longer than " + c.limit + " s; rolled back, the revision is still " + v500.head; !strings.Contains(got.Message, want) {
				t.Errorf("message %q does not contain %q", got.Message, want)
			}
			if !strings.Contains(log, c.said) {
				t.Errorf("the time was not spent in the intended way: no %q in the log:\n%s", c.said, log)
			}
			sameSchema(t, pg, database)
			j.expect(t, "") // and as a plain migration it succeeds
		})
	}
	t.Run("a frozen process", func(t *testing.T) {
		j, p := migration600(t, pg, "budget_frozen"), pauseBefore(t, "cd1fb11291f2")
		j.raw = p.raw
		r := politely(j, "20", "60").start(t)
		r.waitUntil(t, "holding the locks", paused(r))
		stop(t, r, syscall.SIGSTOP)
		poll(t, "the server has released the locks", func() bool {
			return pg.query(t, "budget_frozen", "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") == "0"
		})
		sameSchema(t, pg, "budget_frozen")
		stop(t, r, syscall.SIGCONT)
		p.resume(t)
		if got, log := r.wait(t); got.Reason != "LockBudgetExceeded" || got.Revision != v500.head {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
	})
}

func stop(t *testing.T, r *running, signal syscall.Signal) {
	t.Helper()
	if err := r.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

func sameSchema(t *testing.T, pg server, database string) {
	t.Helper()
	if pg.schema(t, database) != pg.schema(t, "at_500") {
		t.Error("the schema has changed")
	}
}

// beforeCatalogs is the revision before 58d051681a3b, which queries the metadata
// database through a second connection when a PostgreSQL database is defined in
// it.
const beforeCatalogs = "4a33124c18ad"

// politeSelfWait migrates a database to just before that revision, as 4.0 leaves
// one, and defines an analytics database. With all tables locked the migration
// waits for itself, which the server cannot detect: it must be aborted
// nevertheless. As a plain migration it succeeds.
func politeSelfWait(t *testing.T, pg server) {
	j := job{release: v414, script: "migrate", database: pg.copyTenant(t, "template0", "self_wait")}
	command := j.command(t, "superset", "db", "upgrade", beforeCatalogs)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("superset db upgrade %s: %v\n%s", beforeCatalogs, err, out)
	}
	pg.query(t, "self_wait", "INSERT INTO dbs (id, database_name, sqlalchemy_uri, expose_in_sqllab, allow_run_async)"+
		fmt.Sprintf(" VALUES (1, 'sales', 'postgresql://reader@127.0.0.1:%d/sales', true, false)", freePort(t)))
	r := politely(j, "20", "60").start(t)
	r.waitUntil(t, "waiting for itself", func() bool {
		return pg.query(t, "self_wait", `SELECT count(*) FROM pg_stat_activity second
			JOIN pg_stat_activity first ON first.pid = ANY(pg_blocking_pids(second.pid))
			WHERE second.wait_event_type = 'Lock' AND first.state = 'idle in transaction'
			AND first.application_name = 'superset-operator migrate tests/bi'`) == "1"
	})
	got, log := r.wait(t)
	if got.Reason != "LockBudgetExceeded" || got.Revision != beforeCatalogs || got.Locks == nil || got.Locks.Tries != 1 {
		t.Errorf("result %+v, locks %+v, log:\n%s", got, got.Locks, log)
	}
	pg.noSessions(t, "self_wait")
	if got := j.expect(t, ""); got.Revision != v414.head {
		t.Errorf("plain: result %+v", got)
	}
}

// politeRollback makes the error handling of a real script roll the transaction
// back, and release the locks: nothing may run afterwards.
func politeRollback(t *testing.T, pg server) {
	j := job{release: v414, script: "migrate", database: pg.copyTenant(t, "template0", "rolled_back")}
	j.raw = `
import sys
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

@event.listens_for(Session, "before_commit")
def fail(session):
    frame = sys._getframe()
    while frame:
        if "f6196627326f" in frame.f_code.co_filename:
            raise SQLAlchemyError("an error of the test's")
        frame = frame.f_back
`
	got := politely(j, "60", "60").expect(t, "MigrationFailed", "rolled back the transaction", "the revision is still none")
	if got.Revision != "" {
		t.Errorf("result %+v", got)
	}
	if table := pg.query(t, "rolled_back", "SELECT to_regclass('alembic_version') IS NULL"); table != "t" {
		t.Error("alembic_version exists: statements ran after the locks were lost")
	}
}
