// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// parts are a connection; the host and the name of a database are as the API accepts them.
type parts struct{ User, Password, Host, Name string }

// Whatever the parts are, the URL that Python makes of them has them: by the rules of the standard
// library for the account and the address. SQLAlchemy takes the name of the database as it is.
func FuzzConnections(f *testing.F) {
	for _, text := range []string{"", "p@ss:w/rd", "%41%", "a b+c", "#?&=;", `\"'$(HOME)`, "é€😀", "[::1]", "\n\t", "@@::", "ü"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, user, password string) {
		checkParts(t, []parts{{user, password, "db.example", "superset"}})
	})
}

func TestConnections(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(from string, most int) string {
		all := []rune(from)
		out := make([]rune, r.IntN(most+1))
		for i := range out {
			out[i] = all[r.IntN(len(all))]
		}
		return string(out)
	}
	const odd = "abcXYZ019 :/?#[]@!$&'()*+,;=%-._~\"\\<>^`{|}\t\n\réß€😀\u2028"
	hosts := []string{"db.example", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "db_1", "D"}
	var cases []parts
	for range 2000 {
		name := "s" + text(strings.NewReplacer("?", "", "\t", "", "\n", "", "\r", "", "\u2028", "").Replace(odd), 20) + "s"
		cases = append(cases, parts{text(odd, 20), text(odd, 40), hosts[r.IntN(len(hosts))], name})
	}
	checkParts(t, cases)
}

func checkParts(t *testing.T, cases []parts) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConnectionsFile), Connections)
	raw, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "cases.json"), string(raw))
	const script = `
import json, sys
from urllib.parse import unquote
sys.path.insert(0, sys.argv[1])
import _connections
bad = 0
for c in json.load(open(sys.argv[1] + "/cases.json")):
    e = {"` + EnvDatabaseDriver + `": "postgresql+psycopg2", "` + EnvDatabaseOptions + `": "sslmode=require", "DB_USER": c["User"], "DB_PASS": c["Password"],
         "DB_HOST": c["Host"], "DB_PORT": "5432", "DB_NAME": c["Name"], "` + EnvCacheDriver + `": "rediss", "` + EnvCacheOptions + `": "ssl_cert_reqs=none",
         "REDIS_USER": c["User"], "REDIS_PASSWORD": c["Password"], "REDIS_HOST": c["Host"], "REDIS_PORT": "6380", "REDIS_DB": "1", "REDIS_CELERY_DB": "2"}
    _connections.connect(e)
    for url, scheme, port, path, options in (
        (e["` + EnvDatabaseURI + `"], "postgresql+psycopg2", "5432", c["Name"], "sslmode=require"),
        (e["` + EnvCacheURL + `"], "rediss", "6380", "1", "ssl_cert_reqs=none"),
        (e["` + EnvBrokerURL + `"], "rediss", "6380", "2", "ssl_cert_reqs=none"),
        (e["` + EnvResultBackendURL + `"], "rediss", "6380", "2", "ssl_cert_reqs=none"),
    ):
        before, _, rest = url.partition("://")
        account, at, rest = rest.partition("@") if "@" in rest.partition("/")[0] else ("", "", rest)
        user, _, password = account.partition(":")
        address, _, rest = rest.partition("/")
        host, _, number = address.rpartition(":")
        name, _, query = rest.partition("?")
        got = [before, unquote(user), unquote(password), host, number, name, query]
        want = [scheme, c["User"], c["Password"], "[" + c["Host"] + "]" if ":" in c["Host"] else c["Host"], port, path, options]
        if got != want:
            bad += 1
            print(got, want)
sys.exit(1 if bad else 0)
`
	if out, err := python(t, "-c", script, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out[:min(len(out), 4000)])
	}
}

// What is set already stays, and without the operator's variable nothing is made of those of the
// Helm chart.
func TestConnectionsKeepWhatIsSet(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConnectionsFile), Connections)
	for environment, want := range map[string]string{
		`{"DB_HOST": "h", "DB_NAME": "n", "REDIS_HOST": "r"}`:                                                             `{"DB_HOST": "h", "DB_NAME": "n", "REDIS_HOST": "r"}`,
		`{"SUPERSET_DATABASE_URI": "sqlite://", "SUPERSET_OPERATOR_DATABASE_DRIVER": "d"}`:                                `{"SUPERSET_DATABASE_URI": "sqlite://", "SUPERSET_OPERATOR_DATABASE_DRIVER": "d"}`,
		`{"SUPERSET_OPERATOR_BROKER_URL": "rediss://h/0?ssl_cert_reqs=CERT_NONE"}`:                                        `{"SUPERSET_OPERATOR_BROKER_URL": "rediss://h/0?ssl_cert_reqs=none"}`,
		`{"SUPERSET_OPERATOR_BROKER_URL": "amqp://u:p@h//"}`:                                                              `{"SUPERSET_OPERATOR_BROKER_URL": "amqp://u:p@h//"}`,
		`{"SUPERSET_OPERATOR_APPLICATION_DRIVER": "d", "SUPERSET_OPERATOR_APPLICATION_DB_HOST": "h", "DB_HOST": "other"}`: `{"SUPERSET_OPERATOR_APPLICATION_DRIVER": "d", "SUPERSET_OPERATOR_APPLICATION_DB_HOST": "h", "DB_HOST": "other", "SUPERSET_OPERATOR_APPLICATION_URI": "d://h:/"}`,
	} {
		script := "import json, sys; sys.path.insert(0, sys.argv[1]); import _connections; e = json.loads(sys.argv[2]); _connections.connect(e); sys.exit(str(e) if e != json.loads(sys.argv[3]) else 0)"
		if out, err := python(t, "-c", script, folder, environment, want).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", environment, out)
		}
	}
}

// superset_config.py makes the URLs itself, and Celery has those of its own.
func TestConfigByParts(t *testing.T) {
	for name, value := range map[string]string{
		EnvDatabaseDriver: "postgresql+psycopg2", "DB_USER": "bi", "DB_PASS": "p@ss", "DB_HOST": "db", "DB_PORT": "5432", "DB_NAME": "superset",
		EnvCacheDriver: "redis", "REDIS_HOST": "r", "REDIS_PORT": "6379", "REDIS_DB": "1", "REDIS_CELERY_DB": "2", EnvCacheKeyPrefix: "bi",
		EnvBrokerURL: "amqp://h//",
	} {
		t.Setenv(name, value)
	}
	databaseURI := "postgresql+psycopg2://bi:p%40ss@db:5432/superset"
	got := evaluateWith(t, Config{Cache: true, Celery: true, Connections: true, Raw: "CeleryConfig.broker_url = 'x'"}, []string{EnvDatabaseURI + "=", EnvCacheURL + "="},
		"SQLALCHEMY_DATABASE_URI, CACHE_CONFIG['CACHE_REDIS_URL'], CELERY_CONFIG['broker_url'], CELERY_CONFIG['result_backend'], CELERY_CONFIG['broker_transport_options']")
	if want := fmt.Sprintf("('%s', 'redis://r:6379/1', 'amqp://h//', 'redis://r:6379/2', {'global_keyprefix': 'bi:'})", databaseURI); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
