// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestApplicationConnection gives preflight a connection of the Jobs, as the owner of the schema, and
// one of the application, as another role. The catalog must say the same as what the role can do.
func TestApplicationConnection(t *testing.T) {
	pg := startPostgreSQL(t)
	pg.query(t, "postgres", fmt.Sprintf("CREATE ROLE owner LOGIN PASSWORD '%[1]s'; CREATE ROLE %[2]s LOGIN PASSWORD '%[1]s'; CREATE ROLE stranger LOGIN PASSWORD '%[1]s'", databasePassword, tenant))
	for _, name := range []string{"bi", "other"} {
		pg.copyDatabase(t, "", name)
		pg.query(t, name, "ALTER SCHEMA public OWNER TO owner")
	}
	as := func(role, database string) string {
		return strings.Replace(pg.url(database), "//postgres:", "//"+role+":", 1)
	}
	preflight := func(application string) job {
		return job{release: v610, script: "preflight", database: as("owner", "bi"), extra: []string{superset.EnvApplicationURI + "=" + application}}
	}
	usable := func(application string) result {
		t.Helper()
		got, log := preflight(application).run(t)
		if got.Reason != "" || !strings.Contains(log, "lead to one database, and the application can use") {
			t.Fatalf("result %+v, log:\n%s", got, log)
		}
		return got
	}
	app := as(tenant, "bi")

	preflight(app).expect(t, "DatabaseAuthFailed", tenant+", the role of spec.database, cannot use what owner", `ALTER DEFAULT PRIVILEGES IN SCHEMA "public" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "`+tenant)
	pg.query(t, "bi", "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "+tenant)
	preflight(app).expect(t, "DatabaseAuthFailed", `GRANT USAGE ON SEQUENCES TO "`+tenant)
	pg.query(t, "bi", "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO "+tenant)
	if got := usable(app); got.Pooler != "" {
		t.Errorf("a pooler is noted: %s", got.Pooler)
	}
	pg.query(t, "bi", "SET ROLE owner; CREATE TABLE made (id serial, name text); SET ROLE "+tenant+"; INSERT INTO made (name) VALUES ('a'); UPDATE made SET name = 'b'; DELETE FROM made")
	usable(app)

	pg.query(t, "bi", "SET ROLE owner; REVOKE DELETE ON made FROM "+tenant)
	preflight(app).expect(t, "DatabaseAuthFailed", "may not read and write all of made", `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "public" TO "`+tenant)
	pg.query(t, "bi", "GRANT owner TO "+tenant)
	usable(app)
	pg.query(t, "bi", "REVOKE owner FROM "+tenant+"; GRANT DELETE ON made TO "+tenant)
	preflight(as("stranger", "bi")).expect(t, "DatabaseAuthFailed", "stranger, the role of spec.database")
	pg.query(t, "bi", "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
	preflight(app).expect(t, "ConfigInvalid", "different databases or schemas (bi.- and bi.public")
	pg.query(t, "bi", "GRANT USAGE ON SCHEMA public TO PUBLIC")

	preflight(as(tenant, "other")).expect(t, "ConfigInvalid", "different databases or schemas (other.public and bi.public")
	elsewhere := startPostgreSQL(t)
	elsewhere.query(t, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", tenant, databasePassword))
	elsewhere.copyDatabase(t, "", "bi")
	preflight(strings.Replace(app, ":"+strconv.Itoa(pg.port)+"/", ":"+strconv.Itoa(elsewhere.port)+"/", 1)).
		expect(t, "ConfigInvalid", "(bi.public and bi.public; the servers may differ, too)")
	preflight(strings.Replace(app, databasePassword, "another-fake-one", 1)).expect(t, "DatabaseAuthFailed", "spec.database or spec.database.jobs: ")
	preflight("mysql://u:p-fake@127.0.0.1/bi").expect(t, "ConfigInvalid", "name the same database in both")

	pooled := strings.Replace(app, ":"+strconv.Itoa(pg.port)+"/", ":"+strconv.Itoa(startPooler(t, pg))+"/", 1)
	if got, want := usable(pooled).Pooler, "spec.database leads to a pooler in transaction mode"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Run("by parts", func(t *testing.T) { connectionByParts(t, pg) })
}

// TestURLsOfParts reads the URLs of random parts with the libraries of a release that read them in
// production: SQLAlchemy, redis-py and Celery.
func TestURLsOfParts(t *testing.T) {
	modules := t.TempDir()
	writeFile(t, filepath.Join(modules, superset.ConnectionsFile), superset.Connections)
	command := exec.Command(filepath.Join(environment(t, v610), "bin", "python"), "-c", urlsOfParts)
	command.Env = append(os.Environ(), "PYTHONPATH="+modules, "PYTHONDONTWRITEBYTECODE=1")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

const urlsOfParts = `
import random, sys
import _connections, redis
from celery import Celery
from sqlalchemy.engine import make_url
ODD = "abcXYZ019 :/?#[]@!$&'()*+,;=%-._~\"\\<>^` + "`" + `{|}\t\n\r\u00e9\u20ac\U0001f600\u2028"
some = random.Random(1)
def text(most, without=""):
    return "".join(some.choice(ODD) for _ in range(some.randint(0, most))).translate({ord(c): None for c in without})
for i in range(2000):
    user, password, name = "u" + text(20), text(30), "n" + text(20, "?\t\n\r\u2028") + "n"
    host = some.choice(["db.example", "2001:db8::1", "10.0.0.1"])
    e = {"SUPERSET_OPERATOR_DATABASE_DRIVER": "postgresql+psycopg2", "SUPERSET_OPERATOR_DATABASE_OPTIONS": "sslmode=verify-full&sslrootcert=/x/ca.crt",
         "DB_USER": user, "DB_PASS": password, "DB_HOST": host, "DB_PORT": "5432", "DB_NAME": name, "SUPERSET_OPERATOR_CACHE_DRIVER": "rediss",
         "SUPERSET_OPERATOR_CACHE_OPTIONS": "ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=/x/ca.crt",
         "REDIS_USER": user, "REDIS_PASSWORD": password, "REDIS_HOST": host, "REDIS_PORT": "6380", "REDIS_DB": "1", "REDIS_CELERY_DB": "2"}
    _connections.connect(e)
    url = make_url(e["SUPERSET_DATABASE_URI"])
    cache = redis.ConnectionPool.from_url(e["SUPERSET_CACHE_URL"]).connection_kwargs
    got = [[url.username, url.password or "", url.host, url.port, url.database, dict(url.query)],
           [cache.get("username"), cache.get("password") or "", cache["host"], cache["port"], cache["db"], cache["ssl_ca_certs"]]]
    want = [[user, password, host, 5432, name, {"sslmode": "verify-full", "sslrootcert": "/x/ca.crt"}], [user, password, host, 6380, 1, "/x/ca.crt"]]
    if i % 20 == 0:
        app = Celery(broker=e["SUPERSET_OPERATOR_BROKER_URL"], backend=e["SUPERSET_OPERATOR_RESULT_BACKEND_URL"])
        broker, backend = app.connection_for_write(), app.backend.connparams
        got += [[broker.userid, broker.password or "", broker.hostname, broker.port, broker.virtual_host],
                [backend.get("username"), backend.get("password") or "", backend["host"], backend["port"], backend["db"]]]
        want += [[user, password, host, 6380, "2"], [user, password, host, 6380, 2]]
    if got != want:
        sys.exit(f"{got}\n{want}")
`

// connectionByParts connects preflight by the parts of an account that a URL would not have as they
// are.
func connectionByParts(t *testing.T, pg server) {
	const user, database = `o'dd @u:/?#[]%41`, "b i%20"
	pg.query(t, "postgres", fmt.Sprintf(`CREATE ROLE "%s" LOGIN PASSWORD '%s@:/?#[]%%41 +é'`, strings.ReplaceAll(user, `"`, `""`), databasePassword))
	pg.query(t, "postgres", fmt.Sprintf(`CREATE DATABASE "%s" OWNER "%s"`, database, user))
	j := job{release: v610, script: "preflight", extra: []string{
		superset.EnvDatabaseDriver + "=postgresql+psycopg2", superset.EnvDatabaseOptions + "=sslmode=disable",
		superset.EnvDatabaseHost + "=127.0.0.1", superset.EnvDatabasePort + "=" + strconv.Itoa(pg.port), superset.EnvDatabaseName + "=" + database,
		superset.EnvDatabaseUser + "=" + user, superset.EnvDatabasePassword + "=" + databasePassword + "@:/?#[]%41 +é",
	}}
	if got := j.expect(t, ""); !strings.HasSuffix(got.Identity, "/"+database) {
		t.Errorf("identity %s", got.Identity)
	}
}
