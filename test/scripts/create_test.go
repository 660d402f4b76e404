// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

var createDatabase = superset.EnvCreateDatabase + "=1"

// TestCreateDatabase begins with a server without the database.
func TestCreateDatabase(t *testing.T) {
	pg := startPostgreSQL(t)
	const name = `100% "new"`
	exists := func() string {
		return pg.query(t, "postgres", `SELECT string_agg(pg_encoding_to_char(encoding), ' ') FROM pg_database WHERE datname LIKE '100\% "new"'`)
	}
	j := job{release: v610, script: "preflight", database: pg.url(name)}
	j.expect(t, "DatabaseUnreachable", "does not exist")
	j.extra = []string{createDatabase}
	got := j.expect(t, "")
	if got.Database != "postgresql" || got.Revision != "" || got.Head != v610.head || got.PendingCount != revisions+18 || exists() != "" {
		t.Errorf("preflight: %+v; databases of that name: %q", got, exists())
	}
	t.Run("without the right", func(t *testing.T) {
		pg.query(t, "postgres", "CREATE ROLE modest LOGIN PASSWORD '"+databasePassword+"'")
		modest := job{release: v610, script: "preflight", extra: j.extra}
		modest.database = strings.Replace(j.database, "//postgres:", "//modest:", 1)
		modest.expect(t, "DatabaseAuthFailed", "does not exist and cannot be created", "modest has no right", "CREATEDB")
		modest.script = "migrate"
		modest.expect(t, "DatabaseAuthFailed", "does not exist and cannot be created", "permission denied")
		modest.extra = nil
		modest.expect(t, "DatabaseUnreachable", "does not exist")
	})
	// A concurrent creation is not an error, for the same server or another one.
	j.script, j.extra = "migrate", []string{createDatabase, superset.EnvLockWaitSeconds + "=900"}
	created := 0
	for _, r := range []*running{j.start(t), j.start(t)} {
		got, log := r.wait(t)
		if got.Reason != "" || got.Revision != v610.head {
			t.Errorf("result %+v, log:\n%s", got, log)
		}
		created += strings.Count(log, "created the database")
	}
	if created != 1 || exists() != "UTF8" {
		t.Errorf("%d runs created the database, with encoding %q", created, exists())
	}
	// The race is rare, so its outcome is simulated here.
	late := j.command(t, "python", "-c", "from superset_job.database.create import create; from superset_job.database.access import database_url; create(database_url())")
	late.Env = append(late.Env, "PYTHONPATH="+scriptsFolder(t))
	if out, err := late.CombinedOutput(); err != nil || !strings.Contains(string(out), "created by another process in the meantime") {
		t.Errorf("creating an existing database: %v\n%s", err, out)
	}
	j.script = "preflight"
	if got := j.expect(t, ""); got.PendingCount != 0 || got.Revision != v610.head {
		t.Errorf("preflight of an existing database: %+v", got)
	}
}
