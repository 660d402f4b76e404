// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRehearse rehearses each hop on a database with objects of a user, and
// checks that the database is unchanged.
func TestRehearse(t *testing.T) {
	pg := startPostgreSQL(t)
	start := job{release: v414, script: "migrate", database: pg.copyDatabase(t, "", "bi")}
	start.expect(t, "")
	fill(t, start)
	pg.query(t, "bi", "INSERT INTO logs (action) SELECT 'x' FROM generate_series(1, 1000)")
	t.Run("4.1 to 5.0", func(t *testing.T) {
		found := rehearse(t, pg, v414, v500)
		if found.Downgrade != "Refused" || !strings.Contains(found.DowngradeReason, `relation "_customer_location_uc" already exists`) {
			t.Errorf("downgrade: %+v", found)
		}
	})
	job{release: v500, script: "migrate", database: pg.url("bi")}.expect(t, "")
	t.Run("5.0 to 6.0", func(t *testing.T) {
		found := rehearse(t, pg, v500, v600)
		if found.Downgrade != "Refused" || !strings.Contains(found.DowngradeReason, "lost ON DELETE CASCADE") &&
			!strings.Contains(found.DowngradeReason, "instead of character varying(128)") {
			t.Errorf("downgrade: %+v", found)
		}
	})
	job{release: v600, script: "migrate", database: pg.url("bi")}.expect(t, "")
	t.Run("6.0 to 6.1", func(t *testing.T) {
		if found := rehearse(t, pg, v600, v610); found.Downgrade != "Proven" || found.DowngradeReason != "" {
			t.Errorf("downgrade: %+v", found)
		}
	})
}

var called = regexp.MustCompile(`(?m)^\d+ calls, \d+ failed$`)

// rehearse rehearses one hop of the database bi, and checks what all hops have in
// common.
func rehearse(t *testing.T, pg server, from, to release) rehearsal {
	t.Helper()
	before, wrote := pg.snapshot(t, "bi"), pg.writes(t, "bi")
	got, said := rehearsing{from: from, to: to, database: pg.url("bi")}.run(t)
	t.Log(said)
	if got.Reason != "" || got.Rehearsal == nil {
		t.Fatalf("%+v", got)
	}
	found := *got.Rehearsal
	t.Logf("%s to %s: %+v", from.version, to.version, found)
	if found.Rolling != "Proven" || found.RollingReason != "" {
		t.Errorf("rolling: %+v", found)
	}
	var calls, failed int
	if m := called.FindString(said); m != "" {
		_, _ = fmt.Sscanf(m, "%d calls, %d failed", &calls, &failed)
	}
	if calls < 24 || failed != 0 {
		t.Errorf("%d calls, %d failed; log:\n%s", calls, failed, said)
	}
	if found.MigrateSeconds <= 0 || found.LockSeconds <= 0 || found.LockTables <= 0 || found.Bytes <= 0 || found.CopySeconds <= 0 {
		t.Errorf("not measured: %+v", found)
	}
	if cmp.Diff([]string{"logs"}, found.Excluded) != "" || got.Revision != from.head || got.Head != to.head {
		t.Errorf("result %+v", got)
	}
	if diff := cmp.Diff(before, pg.snapshot(t, "bi")); diff != "" {
		t.Errorf("the database was changed, -before +after:\n%s", diff)
	}
	if now := pg.writes(t, "bi"); now != wrote {
		t.Errorf("%s rows were written in total before, %s after", wrote, now)
	}
	return found
}

// writes counts all rows that were ever written to a database's own tables.
func (s server) writes(t *testing.T, database string) string {
	t.Helper()
	return s.query(t, database, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
}
