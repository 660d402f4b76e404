// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// owner is the Superset of the tests' migrations.
const owner = "tests/bi"

// politely makes a migration polite. The values are seconds, in the operator's
// notation.
func politely(j job, maxLock, tableWait string) job {
	j.extra = append([]string{
		superset.EnvMaxLockSeconds + "=" + maxLock, superset.EnvTableWaitSeconds + "=" + tableWait,
		superset.EnvOwner + "=" + owner,
	}, j.extra...)
	return j
}

// TestPolite runs polite migrations with blocking sessions, and checks each
// limit. The databases belong to a role without privileges.
func TestPolite(t *testing.T) {
	pg := startPostgreSQL(t)
	first, log := politely(job{release: v500, script: "migrate", database: pg.createTenant(t, "at_500")}, "60", "60").run(t)
	want(t, first, "")
	if first.Locks == nil || first.Locks.Tries != 1 || lockedTables(log) == 0 || first.Locks.HeldSeconds == 0 {
		t.Errorf("locks %+v of a first install, want the tables that Superset's start-up creates; log:\n%s", first.Locks, log)
	}
	pg.noSessions(t, "at_500")
	t.Run("tables", func(t *testing.T) { politeTables(t, pg) })
	t.Run("busy", func(t *testing.T) { politeBusy(t, pg) })
	t.Run("limits", func(t *testing.T) { politeLimits(t, pg) })
	t.Run("budget", func(t *testing.T) { politeBudget(t, pg) })
	t.Run("interrupted", func(t *testing.T) { politeInterrupted(t, pg) })
	t.Run("waits for itself", func(t *testing.T) { politeSelfWait(t, pg) })
	t.Run("rolled back by a script", func(t *testing.T) { politeRollback(t, pg) })
	t.Run("pooler", func(t *testing.T) { politePooler(t, pg) })
	if strings.Contains(pg.log.String(), "deadlock detected") {
		t.Errorf("the server found a deadlock:\n%s", pg.log)
	}
}

var locked = regexp.MustCompile(`(?m)^locked (\d+) tables after \d+ attempts in `)

// lockedTables is the number of tables that a polite migration locked, according to
// its log; 0 if it could not lock all.
func lockedTables(log string) int {
	n := 0
	if m := locked.FindStringSubmatch(log); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

// migration600 is the migration of most tests, on a copy of its own.
func migration600(t *testing.T, pg server, database string) job {
	t.Helper()
	return job{release: v600, script: "migrate", database: pg.copyTenant(t, "at_500", database)}
}

// politeTables creates tables of every kind next to Superset's own. Sessions use
// all that must not be locked; the locked ones are counted separately.
func politeTables(t *testing.T, pg server) {
	j := migration600(t, pg, "kinds")
	pg.query(t, "kinds", `
		SET ROLE bi;
		CREATE TABLE parts (id int) PARTITION BY RANGE (id);
		CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
		CREATE TABLE "od""d %I %% :name Ü; table" (id int);
		CREATE SCHEMA elsewhere;
		CREATE TABLE elsewhere.slices (id int);
		CREATE VIEW seen AS SELECT 1;
		RESET ROLE;
		CREATE TABLE foreign_owned (id int);
		GRANT ALL ON foreign_owned TO bi;
		SET ROLE bi;
		CREATE TABLE extension_member (id int);
		RESET ROLE;
		ALTER EXTENSION plpgsql ADD TABLE extension_member`)
	inUse := pg.openSession(t, "others", "postgres", "kinds",
		"LOCK TABLE foreign_owned, extension_member, elsewhere.slices IN ACCESS EXCLUSIVE MODE")
	own := pg.query(t, "kinds", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = 'bi'"+
		" AND tablename NOT IN ('parts_1', 'extension_member')")
	p := pauseBefore(t, "cd1fb11291f2")
	j.raw = p.raw
	r := politely(j, "60", "60").start(t)
	r.waitUntil(t, "holding the locks", paused(r))
	held := pg.query(t, "kinds", `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		JOIN pg_class c ON c.oid = l.relation WHERE a.application_name = 'superset-operator migrate tests/bi'
		AND l.mode = 'AccessExclusiveLock' AND l.granted AND c.relname IN
		('parts', 'parts_1', 'od"d %I %% :name Ü; table', 'slices', 'dashboards', 'ab_user', 'logs', 'alembic_version')`)
	if held != "8" {
		t.Errorf("%s of 8 tables are locked", held)
	}
	p.resume(t)
	got, log := r.wait(t)
	if got.Reason != "" || got.Revision != v600.head || got.Locks == nil {
		t.Fatalf("result %+v, log:\n%s", got, log)
	}
	// Superset 6's start-up creates one more table before the migration begins.
	if n, _ := strconv.Atoi(own); lockedTables(log) != n+1 || got.Locks.Tries != 1 || got.Locks.HeldSeconds == 0 {
		t.Errorf("locks %+v, want %d tables at the first try; log:\n%s", got.Locks, n+1, log)
	}
	inUse.end(t)
}
