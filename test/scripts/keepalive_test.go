// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import "testing"

// TestKeepalives reads the parameters of sessions on PostgreSQL: those of the Jobs, those of an
// engine that Superset's app creates, and one whose URL sets its own.
func TestKeepalives(t *testing.T) {
	pg := startPostgreSQL(t)
	const program = `
def keepalives(connection):
    found = connection.connection.dbapi_connection.info.dsn_parameters
    return [found.get(name) for name in ("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")]
url = access.database_url()
print(keepalives(connection), keepalives(sa.create_engine(url).connect()),
    keepalives(sa.create_engine(url.update_query_dict({"keepalives_idle": "7"})).connect()))`
	for _, r := range []release{v414, v610} {
		j := job{release: r, database: pg.url("postgres")}
		if got := withScripts(t, j, program); got != "['1', '30', '10', '3'] ['1', '30', '10', '3'] ['1', '7', '10', '3']" {
			t.Errorf("%s: %s", r.version, got)
		}
	}
}
