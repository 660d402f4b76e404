// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// revisions is the number of migrations from an empty database to the first
// release's head.
const revisions = 326

// hops are the revisions from each release to the next, as published.
var hops = []struct {
	to      release
	pending []string
}{
	{v500, strings.Fields("df3d7e2eb9a4 7b17aa722e30 eb1c288c71c4 d482d51c15ca 74ad1125881c")},
	{v600, strings.Fields("94e7a3499973 32bf93dfe2a4 378cecfdba9f f1edd4a4d4f2 363a9b1e8992 3fd555e76e3d cd1fb11291f2 c233f5365c9e")},
	{v610, strings.Fields("x2s8ocx6rto6 a9c01ec10479 f5b5f88d8526 9787190b3d89 4b2a8c9d3e1f")},
}

// TestReleases upgrades one database through all the releases, and checks copies
// of it at each release.
func TestReleases(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	database := pg.copyDatabase(t, "", "bi")
	install(t, pg, database, cache)
	pg.copyDatabase(t, "bi", at(v414))
	from := v414
	for _, hop := range hops {
		preflight := job{release: hop.to, script: "preflight", database: database, cache: cache}
		want := result{Script: "inspect", Database: "postgresql", Revision: from.head, Head: hop.to.head,
			PendingCount: len(hop.pending), Facts: migrations.Facts{Package: hop.to.version}}
		got, log := preflight.run(t)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), anyIdentity); diff != "" {
			t.Errorf("preflight of %s on %s, -want +got:\n%s", hop.to.version, from.version, diff)
		}
		var pending []string
		for _, m := range logged.FindAllStringSubmatch(log, -1) {
			pending = append(pending, m[1])
		}
		if diff := cmp.Diff(hop.pending, pending); diff != "" {
			t.Errorf("pending revisions of %s on %s, -want +logged:\n%s", hop.to.version, from.version, diff)
		}
		migrate := job{release: hop.to, script: "migrate", database: database, cache: cache}
		got, log = migrate.run(t)
		want = result{Script: "migrate", Database: "postgresql", Revision: hop.to.head, Head: hop.to.head}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), anyIdentity); diff != "" {
			t.Fatalf("migrate to %s, -want +got:\n%s\n%s", hop.to.version, diff, log)
		}
		if last := fmt.Sprintf("migrating: %d of %[1]d (%s) done", len(hop.pending), hop.to.head); !strings.Contains(log, last) {
			t.Errorf("no line %q in the log:\n%s", last, log)
		}
		pg.copyDatabase(t, "bi", at(hop.to))
		from = hop.to
	}
	t.Run("ahead", func(t *testing.T) {
		old := job{release: v500, script: "preflight", database: database, cache: cache}
		if got := old.expect(t, "DatabaseAhead", v610.head); got.Revision != v610.head {
			t.Errorf("revision %q, want %s", got.Revision, v610.head)
		}
		old.script = "migrate"
		old.expect(t, "DatabaseAhead", v610.head)
	})
	t.Run("nothing to do", func(t *testing.T) {
		got, log := job{release: v610, script: "migrate", database: database, cache: cache}.run(t)
		if got.Reason != "" || !strings.Contains(log, "nothing to migrate") || !strings.Contains(log, "superset init: done") {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
	})
	withTLS := startRedisTLS(t)
	for r, broker := range map[release]string{v414: cache, v500: cache, v600: withTLS, v610: withTLS} {
		t.Run("verify "+r.version, func(t *testing.T) { verifyRelease(t, pg, r, broker) })
	}
	t.Run("failures", func(t *testing.T) { preflightFailures(t, pg, cache) })
	t.Run("concurrent migrations", func(t *testing.T) { concurrentMigrations(t, pg) })
	t.Run("interrupted", func(t *testing.T) { interrupted(t, pg) })
}

// anyIdentity ignores the identity of the database: see TestIdentity.
var anyIdentity = cmpopts.IgnoreFields(migrations.Facts{}, "Identity")

// at names the copy of the database at a release's head.
func at(r release) string { return "at_" + strings.ReplaceAll(r.version, ".", "") }

// install migrates an empty database to the first release.
func install(t *testing.T, pg server, database, cache string) {
	t.Helper()
	got := job{release: v414, script: "preflight", database: database, cache: cache}.expect(t, "")
	if got.Revision != "" || got.Head != v414.head || got.PendingCount != revisions {
		t.Errorf("preflight of an empty database: %+v", got)
	}

	if tables := pg.tables(t, "bi"); tables != "0" {
		t.Errorf("preflight left %s tables in the database", tables)
	}
	if size := keys(t, cache); size != "0" {
		t.Errorf("preflight left %s keys in Redis", size)
	}
	got, log := job{release: v414, script: "migrate", database: database, cache: cache}.run(t)
	if want(t, got, ""); got.Revision != v414.head {
		t.Errorf("migrate from empty: %+v", got)
	}
	if first := fmt.Sprintf("migrating: 1 of %d (4e6a06bad7a8) done", revisions); !strings.Contains(log, first) {
		t.Errorf("no line %q in the log:\n%s", first, log)
	}
	if roles := pg.query(t, "bi", "SELECT string_agg(name, ' ' ORDER BY name) FROM ab_role"); !strings.Contains(roles, "Gamma") {
		t.Errorf("roles %q: superset init did not run", roles)
	}
}

// concurrentMigrations starts two migrations of one database: the second waits
// for the first and finds nothing to do.
func concurrentMigrations(t *testing.T, pg server) {
	migrate := job{release: v600, script: "migrate", database: pg.copyDatabase(t, at(v500), "twice")}
	migrate.extra = []string{superset.EnvOwner + "=north/bi"}
	other := migrate
	other.extra = []string{superset.EnvOwner + "=south/bi"}
	first, second := migrate.start(t), other.start(t)
	idle, waited, named := 0, 0, 0
	for _, r := range []*running{first, second} {
		got, log := r.wait(t)
		if got.Reason != "" || got.Revision != v600.head {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
		idle += strings.Count(log, "nothing to migrate")
		waited += strings.Count(log, "for another migration of this database to end")
		whose := map[*running]string{first: "south/bi", second: "north/bi"}[r]
		named += strings.Count(log, fmt.Sprintf(`"superset-operator migrate %s" (user postgres, from 127.0.0.1, idle in transaction`, whose))
	}
	if idle != 1 || waited != 1 || named != 1 {
		t.Errorf("%d found nothing to do, %d waited and %d named the other one, want 1, 1 and 1", idle, waited, named)
	}
}

// interrupted kills migrations midway: PostgreSQL keeps no changes of them.
func interrupted(t *testing.T, pg server) {
	for name, signal := range map[string]syscall.Signal{"sigkill": syscall.SIGKILL, "sigterm": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			database := pg.copyDatabase(t, "", name)
			r := job{release: v414, script: "migrate", database: database}.start(t)
			r.waitUntil(t, "migrating", func() bool { return strings.Contains(r.log.String(), "migrating: 100 of 326") })
			if err := r.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if signal == syscall.SIGTERM {
				got, log := r.wait(t)
				if got.Reason != "Interrupted" || !strings.Contains(got.Message, "rolled back") || got.Revision != "" {
					t.Errorf("result %+v, log:\n%s", got, log)
				}
			}
			<-r.done
			if table := pg.query(t, name, "SELECT to_regclass('alembic_version') IS NULL"); table != "t" {
				t.Error("alembic_version exists")
			}
			lockIsFree(t, pg, name)
		})
	}
	t.Run("lock held", func(t *testing.T) {
		database := pg.copyDatabase(t, at(v610), "held")
		holder := job{release: v610, script: "migrate", database: database}.start(t)
		holder.waitUntil(t, "holding the lock", func() bool { return strings.Contains(holder.log.String(), "superset init") })
		job{release: v610, script: "migrate", database: database, extra: []string{superset.EnvLockWaitSeconds + "=0"}}.
			expect(t, "LockTimeout", "another migration", `that of "superset-operator migrate" (user postgres, from 127.0.0.1`)
		if got, log := holder.wait(t); got.Reason != "" {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
	})
}

// lockIsFree waits until the server has noticed the end of the migration's
// sessions.
func lockIsFree(t *testing.T, pg server, database string) {
	t.Helper()
	poll(t, "the migration lock is free", func() bool {
		return pg.query(t, database, "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"+
			" WHERE locktype = 'advisory' AND datname = current_database()") == "0"
	})
}
