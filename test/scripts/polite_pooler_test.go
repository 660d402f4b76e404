// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// startPooler returns the port of a PgBouncer in transaction mode on loopback, in
// front of the server. Superset does not run in statement mode.
func startPooler(t *testing.T, pg server) int {
	t.Helper()
	folder, port := t.TempDir(), freePort(t)
	users := filepath.Join(folder, "password")
	writeFile(t, users, fmt.Sprintf("%q %q\n", tenant, databasePassword))
	config := filepath.Join(folder, "pgbouncer.ini")
	writeFile(t, config, fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
`, pg.port, port, users))
	p := start(t, "pgbouncer", asServiceUser(t, folder, machine.pgbouncer, config), syscall.SIGINT)
	p.waitUntil(t, "ready", func() bool { return answers(fmt.Sprintf("127.0.0.1:%d", port)) })
	return port
}

// through connects a job to its database through a pooler.
func through(j job, pg server, port int) job {
	j.database = strings.Replace(j.database, ":"+strconv.Itoa(pg.port)+"/", ":"+strconv.Itoa(port)+"/", 1)
	return j
}

// politePooler migrates behind a PgBouncer that gives each transaction any free
// connection: session state would be lost or leak into other sessions.
func politePooler(t *testing.T, pg server) {
	port := startPooler(t, pg)
	t.Run("concurrent migrations", func(t *testing.T) {
		j, p := through(migration600(t, pg, "pooled"), pg, port), pauseBefore(t, "cd1fb11291f2")
		slow := j
		slow.raw = p.raw
		first := politely(slow, "120", "60").start(t)
		first.waitUntil(t, "holding the locks", paused(first))
		second := politely(j, "60", "60")
		second.extra = append(second.extra, superset.EnvOwner+"=elsewhere/bi", superset.EnvLockWaitSeconds+"=1")
		second.expect(t, "LockTimeout", `that of "superset-operator migrate tests/bi" (user bi, from 127.0.0.1, idle in transaction`)
		p.resume(t)
		if got, log := first.wait(t); got.Reason != "" || got.Revision != v600.head || lockedTables(log) == 0 {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
		if got := second.expect(t, ""); got.Revision != v600.head || got.Locks != nil {
			t.Errorf("result %+v, want nothing to do", got)
		}
		// The pooler keeps its connections: none may have settings of the migration
		// left.
		for range 10 {
			if got := withScripts(t, j, `
print([connection.exec_driver_sql("SHOW " + name).scalar() for name in ("application_name", "lock_timeout",
    "statement_timeout", "idle_in_transaction_session_timeout")])`); got != "['', '0', '0', '0']" {
				t.Errorf("a later transaction has the settings %s", got)
			}
		}
	})
	t.Run("busy", func(t *testing.T) {
		j := through(migration600(t, pg, "pooled_busy"), pg, port)
		blocker := pg.openSession(t, "the blocker", tenant, "pooled_busy", "SELECT 1 FROM ab_user")
		politely(j, "60", "1").expect(t, "TablesBusy", `"the blocker" (user bi`)
		blocker.end(t)
	})
	t.Run("dump", func(t *testing.T) {
		j := through(migration600(t, pg, "pooled_dump"), pg, port)
		want(t, newVault(t).backup(t, j, "r1", superset.EnvBackupKeep+"=3"), "ConfigInvalid", "pooler in transaction mode")
		j.script, j.extra = "preflight", []string{superset.EnvDumps + "=1"}
		j.expect(t, "ConfigInvalid", "pooler in transaction mode")
		j.extra = nil // without a backup there is no dump
		j.expect(t, "")
	})
	t.Run("budget", func(t *testing.T) {
		j := through(migration600(t, pg, "pooled_budget"), pg, port)
		j.raw = atRecord("94e7a3499973", `cursor.execute("SELECT pg_sleep(600)")`)
		politely(j, "5", "60").expect(t, "LockBudgetExceeded", "rolled back, the revision is still "+v500.head)
		sameSchema(t, pg, "pooled_budget")
	})
}
