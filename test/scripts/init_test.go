// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestInitClashes lets superset init meet rows that a pod writes at the same moment. The trigger
// raises what the server raises then; its sequence counts the clashes, because no rollback resets
// it. Flask-AppBuilder swallows such an error while it writes those of Admin, and Superset does not
// while it writes those of Gamma.
func TestInitClashes(t *testing.T) {
	pg := startPostgreSQL(t)
	j := job{release: v610, script: "migrate", database: pg.copyDatabase(t, "", "bi")}
	j.expect(t, "")
	pg.query(t, "bi", "CREATE SEQUENCE clashes MINVALUE 0; CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS"+
		" 'BEGIN IF nextval(''clashes'') < TG_ARGV[0]::int THEN RAISE unique_violation; END IF; RETURN NEW; END'")
	gamma := pg.query(t, "bi", "SELECT id FROM ab_role WHERE name = 'Gamma'")
	for most, want := range map[int]struct {
		reason string
		runs   int
	}{2: {"", 3}, 1000: {"InitFailed", 3}} {
		pg.query(t, "bi", "SELECT setval('clashes', 0, false); DELETE FROM ab_permission_view_role WHERE role_id = "+gamma+";"+
			fmt.Sprintf(" CREATE OR REPLACE TRIGGER clash BEFORE INSERT ON ab_permission_view_role FOR EACH ROW WHEN (NEW.role_id = %s) EXECUTE FUNCTION clash(%d)", gamma, most))
		got, log := j.run(t)
		if got.Reason != want.reason || strings.Count(log, "superset init: roles and permissions") != want.runs {
			t.Errorf("%d clashes: result %+v, log:\n%s", most, got, log)
		}
		if want.reason != "" && !strings.Contains(got.Message, "UniqueViolation") {
			t.Errorf("message %q", got.Message)
		}
		given := pg.query(t, "bi", "SELECT count(*) > 50 FROM ab_permission_view_role WHERE role_id = "+gamma)
		if (given == "t") != (want.reason == "") {
			t.Errorf("%d clashes: Gamma has its permissions: %s", most, given)
		}
	}
	pg.query(t, "bi", "CREATE OR REPLACE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE insufficient_privilege; END'")
	if got, log := j.run(t); got.Reason != "InitFailed" || strings.Count(log, "superset init: roles and permissions") != 1 {
		t.Errorf("an init that cannot succeed: result %+v, log:\n%s", got, log)
	}
}
