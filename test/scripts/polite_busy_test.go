// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// politeBusy has a blocking session, either until the time-out, when it must be
// named, or shorter.
func politeBusy(t *testing.T, pg server) {
	j := migration600(t, pg, "busy")
	cases := map[string]struct {
		user, statements string
		words            []string
	}{
		"reader": {tenant, "SELECT 'a secret of mine' FROM ab_user",
			[]string{`"the reader" (user bi, from 127.0.0.1, idle in transaction, in a transaction since 20`, "UTC, pid "}},
		"writer":          {tenant, "UPDATE dashboards SET slug = slug", []string{`"the writer" (user bi`}},
		"row":             {tenant, "SELECT 'a secret of mine' FROM ab_role FOR UPDATE", []string{`"the row" (user bi`}},
		"another role":    {"postgres", "SELECT 1 FROM slices", []string{`"the another role" (user postgres, pid `}},
		"of a partition":  {tenant, "CREATE TABLE p (i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p DEFAULT; COMMIT; BEGIN; SELECT 1 FROM ONLY p1", []string{`"the of a partition"`}},
		"two of the same": {tenant, "SELECT 1 FROM ab_user", []string{`"the two of the same"`, `"the second"`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			blocker := pg.openSession(t, "the "+name, c.user, "busy", c.statements)
			if name == "two of the same" {
				defer pg.openSession(t, "the second", c.user, "busy", c.statements).end(t)
			}
			got, log := politely(j, "60", "1").run(t)
			want(t, got, "TablesBusy", c.words...)
			if got.Revision != v500.head || got.Locks == nil || got.Locks.Tries < 2 || lockedTables(log) != 0 || got.Locks.HeldSeconds != 0 {
				t.Errorf("result %+v, locks %+v", got, got.Locks)
			}
			if strings.Contains(got.Message, "a secret") {
				t.Errorf("message %q contains the statement of the session", got.Message)
			}
			blocker.end(t)
		})
	}
	t.Run("at the start", func(t *testing.T) {
		j := migration600(t, pg, "busy_start") // no Superset 6 has run on it yet, which would add a table
		blocker := pg.openSession(t, "the blocker", tenant, "busy_start", "UPDATE ab_user SET username = username")
		got := politely(j, "60", "1").expect(t, "TablesBusy", "Superset adds tables when it starts", `"the blocker" (user bi`)
		if got.Revision != v500.head || got.Locks != nil {
			t.Errorf("result %+v, locks %+v", got, got.Locks)
		}
		blocker.end(t)
	})
	t.Run("pg_dump", func(t *testing.T) {
		dump := exec.Command(filepath.Join(machine.postgresql, "pg_dump"), "-d", strings.Replace(pg.libpq("busy"), "postgres:", tenant+":", 1))
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		dump.Stdout = writer // the output is not read, so that the dump blocks
		if err := dump.Start(); err != nil {
			t.Fatal(err)
		}
		_ = writer.Close()
		defer func() {
			_ = reader.Close() // ends the dump with an error
			_ = dump.Wait()
		}()
		poll(t, "the dump has read half of it", func() bool {
			return pg.query(t, "busy", "SELECT count(DISTINCT relation) > 50 FROM pg_locks l JOIN pg_stat_activity USING (pid)"+
				" WHERE application_name = 'pg_dump'") == "t"
		})
		politely(j, "60", "1").expect(t, "TablesBusy", `"pg_dump" (user bi`)
	})
	t.Run("prepared", func(t *testing.T) {
		pg.query(t, "busy", "BEGIN; UPDATE slices SET slice_name = slice_name; SELECT 1 FROM slices; PREPARE TRANSACTION 'left behind'")
		politely(j, "60", "1").expect(t, "TablesBusy", "a prepared transaction")
		pg.query(t, "busy", "ROLLBACK PREPARED 'left behind'")
	})
	t.Run("until it ends", func(t *testing.T) {
		blocker := pg.openSession(t, "the slow one", tenant, "busy", "SELECT 1 FROM ab_user; LOCK TABLE logs IN ROW EXCLUSIVE MODE")
		r := politely(j, "60", "60").start(t)
		r.waitUntil(t, "waiting", func() bool { return strings.Contains(r.log.String(), `blocked by: "the slow one"`) })
		blocker.end(t) // and could still commit: the migration did not terminate it
		if got, log := r.wait(t); got.Reason != "" || got.Revision != v600.head || got.Locks.Tries < 2 {
			t.Errorf("result %+v, locks %+v, log:\n%s", got, got.Locks, log)
		}
	})
}

// politeInterrupted interrupts polite migrations while they wait and while they
// hold the locks: nothing is changed, and blocking sessions are not terminated.
func politeInterrupted(t *testing.T, pg server) {
	for name, signal := range map[string]syscall.Signal{"sigterm": syscall.SIGTERM, "sigkill": syscall.SIGKILL} {
		t.Run(name+" waiting", func(t *testing.T) {
			database := "waiting_" + name
			j := migration600(t, pg, database)
			blocker := pg.openSession(t, "the blocker", "postgres", database, "SELECT 1 FROM ab_user")
			r := politely(j, "60", "600").start(t)
			r.waitUntil(t, "waiting", func() bool { return strings.Contains(r.log.String(), "blocked by") })
			interrupt(t, pg, r, signal)
			blocker.end(t)
		})
		t.Run(name+" holding", func(t *testing.T) {
			j := migration600(t, pg, "holding_"+name)
			p := pauseBefore(t, "cd1fb11291f2")
			j.raw = p.raw
			r := politely(j, "600", "60").start(t)
			r.waitUntil(t, "holding the locks", paused(r))
			interrupt(t, pg, r, signal)
		})
	}
}

func interrupt(t *testing.T, pg server, r *running, signal syscall.Signal) {
	t.Helper()
	database := r.job.database[strings.LastIndex(r.job.database, "/")+1:]
	if err := r.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if signal == syscall.SIGTERM {
		if got, log := r.wait(t); got.Reason != "Interrupted" || !strings.Contains(got.Message, "stopped by SIGTERM; rolled back") {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
	}
	<-r.done
	pg.noSessions(t, database)
	if revision := pg.query(t, database, "SELECT version_num FROM alembic_version"); revision != v500.head {
		t.Errorf("revision %s, want %s", revision, v500.head)
	}
	if got, want := pg.schema(t, database), pg.schema(t, "at_500"); got != want {
		t.Error("the schema has changed")
	}
}
