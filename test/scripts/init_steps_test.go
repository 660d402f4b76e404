// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

const (
	adminPassword = "not-a-real-admin-password"
	datasources   = `
databases:
- database_name: warehouse
  sqlalchemy_uri: postgresql://reader:` + databasePassword + `@warehouse.example/sales
  tables:
  - table_name: orders
    columns:
    - {column_name: id, type: INTEGER}
`
)

// initJob is a migrate of a release with spec.init, as the operator renders it.
func initJob(t *testing.T, r release, database string, spec map[string]any, files ...string) job {
	t.Helper()
	folder := t.TempDir()
	for i, text := range files {
		writeFile(t, filepath.Join(folder, string(rune('0'+i))), text)
	}
	spec["folder"] = folder
	line, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return job{release: r, script: "migrate", database: database,
		extra: []string{superset.EnvInit + "=" + string(line), superset.EnvAdminPassword + "=" + adminPassword}}
}

// dashboards is an export of one dashboard; it is the same each time.
func dashboards(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range [][2]string{
		{"export/metadata.yaml", "version: 1.0.0\ntype: Dashboard\ntimestamp: '2026-01-31T00:00:00+00:00'\n"},
		{"export/dashboards/sales.yaml", "dashboard_title: Sales\ndescription: null\ncss: ''\nslug: sales\nuuid: 0a1b2c3d-0000-4000-8000-0123456789ab\n" +
			"position: {DASHBOARD_VERSION_KEY: v2}\nmetadata: {}\nversion: 1.0.0\n"},
	} {
		f, err := w.Create(file[0])
		if err == nil {
			_, err = f.Write([]byte(file[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func steps(got result) string {
	var out []string
	for _, s := range got.Init {
		out = append(out, s.Step+" "+string(s.Result))
	}
	return strings.Join(out, ", ")
}

// TestInit runs spec.init on real releases: a first run with all steps but the examples, a second one
// with another password, edited roles that are kept and a script that fails, and one that lets
// superset init set the roles.
func TestInit(t *testing.T) {
	for _, r := range []release{v414, v500, v600, v610} {
		t.Run(r.version, func(t *testing.T) {
			pg := startPostgreSQL(t)
			url := pg.copyDatabase(t, "", "bi")
			witness := filepath.Join(t.TempDir(), "witness")
			spec := func(roles, script string) map[string]any {
				user := map[string]string{"username": "boss", "firstName": "A", "lastName": "B", "email": "boss@example.com"}
				return map[string]any{"roles": roles, "adminUser": user, "imports": []string{"Datasources", "Dashboards"}, "script": script}
			}
			j := initJob(t, r, url, spec("Keep", "command -v superset >/dev/null\necho $FLASK_APP >> "+witness), datasources, dashboards(t))
			got := j.expect(t, "")
			if want := "adminUser Done, importFrom[0] Done, importFrom[1] Done, script Done"; steps(got) != want || got.Revision != r.head {
				t.Fatalf("the first run: %s; %+v", steps(got), got)
			}
			if text, _ := os.ReadFile(witness); string(text) != "superset.app:create_app()\n" {
				t.Errorf("the script has written %q", text)
			}
			accepts(t, j, pg, adminPassword)
			if n := pg.query(t, "bi", "SELECT count(*) FROM dbs d JOIN tables t ON t.database_id = d.id WHERE d.database_name = 'warehouse'"); n != "1" {
				t.Errorf("%s imported tables", n)
			}
			if owner := pg.query(t, "bi", "SELECT u.username FROM dashboards d JOIN dashboard_user o ON o.dashboard_id = d.id JOIN ab_user u ON u.id = o.user_id WHERE d.slug = 'sales'"); owner != "boss" {
				t.Errorf("the imported dashboard has the owner %q", owner)
			}
			original := pg.editRoles(t)
			preflight := initJob(t, r, url, spec("Sync", ""), datasources, dashboards(t))
			preflight.script = "preflight"
			if got := preflight.expect(t, ""); got.Roles != "Admin +2, Alpha +2 -1, Gamma +2 -1, sql_lab +2 -1" {
				t.Errorf("preflight reports the roles %q", got.Roles)
			}
			edited := pg.permissions(t)
			// The next superset init finds this permission missing, as one that the release has added.
			fresh := pg.query(t, "bi", "WITH gone AS (SELECT pv.id FROM ab_permission_view pv JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"+
				" WHERE p.name = 'can_recent_activity' AND v.name = 'Log'), given AS (DELETE FROM ab_permission_view_role WHERE permission_view_id IN (SELECT id FROM gone))"+
				" DELETE FROM ab_permission_view WHERE id IN (SELECT id FROM gone) RETURNING id")
			j = initJob(t, r, url, spec("Keep", "echo begun\nfalse\necho unreached"), datasources, dashboards(t))
			j.extra = append(j.extra, superset.EnvAdminPassword+"=another")
			got = j.expect(t, "InitStepFailed", "spec.init.script ended with exit code 1: begun")
			if want := "adminUser Skipped, importFrom[0] Skipped, importFrom[1] Skipped, script Failed"; steps(got) != want || got.Revision != r.head || got.PendingCount != 0 {
				t.Errorf("the second run: %s, want %s; %+v", steps(got), want, got)
			}
			accepts(t, j, pg, adminPassword)
			kept, fresher := pg.permissions(t), pg.query(t, "bi", "SELECT max(id) FROM ab_permission_view")
			for role, before := range edited {
				t.Logf("%s: original %d, edited %d, kept %d", role, len(strings.Fields(original[role])), len(strings.Fields(before)), len(strings.Fields(kept[role])))
				want, lost := without(before, fresh)
				if lost != (role != "sql_lab") {
					t.Errorf("%s has the permission %s that was to be deleted: %v", role, fresh, lost)
				}
				if lost {
					want += " " + fresher
				}
				if role != "Admin" && kept[role] != want {
					t.Errorf("%s was not kept:\n%s\n%s", role, want, kept[role])
				}
			}
			initJob(t, r, url, map[string]any{"roles": "Sync"}).expect(t, "")
			for role, after := range pg.permissions(t) {
				t.Logf("%s: after a sync %d", role, len(strings.Fields(after)))
			}
			if got := preflight.expect(t, ""); got.Roles != "" {
				t.Errorf("after a sync preflight reports the roles %q", got.Roles)
			}
		})
	}
}

// without is what a role had, without a permission that was deleted, and whether it had that.
func without(ids, gone string) (string, bool) {
	left := slices.DeleteFunc(strings.Fields(ids), func(id string) bool { return id == gone })
	return strings.Join(left, " "), len(left) < len(strings.Fields(ids))
}

// accepts fails unless the stored hash is that of the password.
func accepts(t *testing.T, j job, pg server, password string) {
	t.Helper()
	stored := pg.query(t, "bi", "SELECT u.password FROM ab_user u JOIN ab_user_role g ON g.user_id = u.id JOIN ab_role r ON r.id = g.role_id WHERE u.username = 'boss' AND r.name = 'Admin' AND u.active")
	check := j.command(t, "python", "-c", "import sys; from werkzeug.security import check_password_hash as c; sys.exit(not c(sys.argv[1], sys.argv[2]))", stored, password)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the user does not have the password: %v\n%s", err, out)
	}
}

var builtin = []string{"Admin", "Alpha", "Gamma", "sql_lab"}

// permissions are the ids of what each built-in role has, in order.
func (s server) permissions(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, role := range builtin {
		out[role] = s.query(t, "bi", "SELECT string_agg(permission_view_id::text, ' ' ORDER BY permission_view_id) FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = '"+role+"')")
	}
	return out
}

// editRoles takes two permissions from each built-in role, and gives all but Admin, which has every
// one, another. It returns what they had.
func (s server) editRoles(t *testing.T) map[string]string {
	t.Helper()
	had := s.permissions(t)
	for _, role := range builtin {
		id := s.query(t, "bi", "SELECT id FROM ab_role WHERE name = '"+role+"'")
		ids := strings.ReplaceAll(had[role], " ", ",")
		s.query(t, "bi", "DELETE FROM ab_permission_view_role WHERE id IN (SELECT id FROM ab_permission_view_role WHERE role_id = "+id+" ORDER BY id LIMIT 2)")
		s.query(t, "bi", "INSERT INTO ab_permission_view_role (id, role_id, permission_view_id) SELECT nextval('ab_permission_view_role_id_seq'), "+id+
			", id FROM ab_permission_view WHERE id NOT IN ("+ids+") AND '"+role+"' <> 'Admin' ORDER BY id LIMIT 1")
	}
	return had
}
