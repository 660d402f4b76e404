// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Of the two keys, the usual one of the tests is the previous one.
var (
	newKey      = superset.EnvSecretKey + "=" + otherKey
	previousKey = superset.EnvPreviousSecretKey + "=" + secretKey
	forward     = superset.EnvReencrypt + "=" + superset.ReencryptForward
	back        = superset.EnvReencrypt + "=" + superset.ReencryptBack
)

// TestReencrypt changes the secret key of a Superset with stored passwords, and
// changes it back, with and without a migration.
func TestReencrypt(t *testing.T) {
	pg := startPostgreSQL(t)
	start := job{release: v500, script: "migrate", database: pg.copyDatabase(t, "", at(v500))}
	start.expect(t, "")
	storeSecrets(t, start)
	t.Run("5.0.0", func(t *testing.T) { rotate(t, pg, v500, "") })
	t.Run("5.0.0 to 6.1.0", func(t *testing.T) { rotate(t, pg, v610, v500.head) })
	t.Run("wrong keys", func(t *testing.T) { wrongKeys(t, pg) })
	t.Run("migration reads stored secrets", func(t *testing.T) { migrationReadsSecrets(t, pg) })
}

// storeSecrets makes Superset store secrets in two rows of dbs and in one of
// another table, with some of the columns empty.
func storeSecrets(t *testing.T, j job) {
	t.Helper()
	storePassword(t, &j)
	const program = `
from superset.app import create_app
with create_app().app_context():
    from superset import db
    from superset.models.core import Database
    from superset.databases.ssh_tunnel.models import SSHTunnel
    database = Database(database_name="orders", encrypted_extra='{"token": "not-a-real-one"}')
    database.set_sqlalchemy_uri("mysql://reader@orders/orders")
    db.session.add(database)
    db.session.flush()
    db.session.add(SSHTunnel(database_id=database.id, server_address="h", server_port=22, username="u", password="not-a-real-one"))
    db.session.commit()
    print("stored")
`
	if out, err := j.command(t, "python", "-c", program).CombinedOutput(); err != nil || !strings.Contains(string(out), "stored") {
		t.Fatalf("storing secrets: %v\n%s", err, out)
	}
}

// readable fails the test unless Superset can read the stored secrets with the
// keys of the job.
func readable(t *testing.T, j job) {
	t.Helper()
	const program = `
from superset.app import create_app
with create_app().app_context():
    from superset import db
    from superset.models.core import Database
    from superset.databases.ssh_tunnel.models import SSHTunnel
    rows = db.session.query(Database).order_by(Database.database_name).all()
    tunnel = db.session.query(SSHTunnel).one()
    print("read", [(d.password, d.encrypted_extra) for d in rows], tunnel.username, tunnel.password, tunnel.private_key)
`
	const stored = `read [(None, '{"token": "not-a-real-one"}'), ('not-a-real-one', None)] u not-a-real-one None`
	if out, err := j.command(t, "python", "-c", program).CombinedOutput(); err != nil || !strings.Contains(string(out), stored) {
		t.Fatalf("%s cannot read the stored secrets: %v\n%s", j.release.version, err, out)
	}
}

// secrets returns the rows with secrets, as stored in the database.
func (s server) secrets(t *testing.T, database string) string {
	t.Helper()
	return s.query(t, database, "SELECT id, password, encrypted_extra, server_cert FROM dbs ORDER BY id") + "\n" +
		s.query(t, database, "SELECT id, username, password, private_key, private_key_password FROM ssh_tunnels ORDER BY id")
}

// rotate changes the key of a database of 5.0.0 with a release's migrate, and
// back with its downgrade.
func rotate(t *testing.T, pg server, to release, target string) {
	name := "rotate_" + strings.ReplaceAll(to.version, ".", "")
	j := job{release: to, script: "preflight", database: pg.copyDatabase(t, at(v500), name)}
	before := pg.secrets(t, name)
	j.extra = []string{newKey}
	j.expect(t, "SecretKeyInvalid", "decrypt")
	j.extra = []string{newKey, previousKey}
	j.expect(t, "")

	j.script, j.extra = "migrate", []string{newKey, previousKey, forward}
	j.expect(t, "")
	after := pg.secrets(t, name)
	if after == before {
		t.Error("the stored secrets are unchanged")
	}
	readable(t, job{release: to, database: j.database, extra: []string{newKey}})
	if _, log := j.run(t); !strings.Contains(log, "re-encrypted already") || pg.secrets(t, name) != after {
		t.Errorf("a second run has an effect; log:\n%s", log)
	}
	job{release: to, script: "preflight", database: j.database, extra: []string{newKey}}.expect(t, "")

	j.script, j.extra = "downgrade", []string{newKey, previousKey, back}
	if target != "" {
		j.extra = append(j.extra, superset.EnvTargetRevision+"="+target)
	}
	for range 2 { // the second run finds nothing to do
		if got := j.expect(t, ""); got.Revision != v500.head {
			t.Errorf("result %+v", got)
		}
		if diff := cmp.Diff(before, pg.secrets(t, name)); diff != "" {
			t.Errorf("stored secrets, -before +after the rollback:\n%s", diff)
		}
	}
	readable(t, job{release: v500, database: j.database})
}

// wrongKeys stores a password that neither key decrypts.
func wrongKeys(t *testing.T, pg server) {
	j := job{release: v500, script: "migrate", database: pg.copyDatabase(t, at(v500), "wrong")}
	pg.query(t, "wrong", "UPDATE ssh_tunnels SET password = 'bm90IGFueSBvZiB0aGVzZQ=='")
	before := pg.secrets(t, "wrong")
	for script, way := range map[string]string{"migrate": forward, "downgrade": back} {
		j.script, j.extra = script, []string{newKey, previousKey, way}
		got := j.expect(t, "ReencryptFailed", "neither", "ssh_tunnels.password of row 1;", "nothing was changed")
		if diff := cmp.Diff(before, pg.secrets(t, "wrong")); diff != "" || got.Revision != v500.head {
			t.Errorf("%s: result %+v; stored secrets, -before +after:\n%s", script, got, diff)
		}
		j.extra = []string{newKey, way}
		j.expect(t, "SecretKeyInvalid", "previous secret key", "empty")
	}
	j.script, j.extra = "preflight", []string{superset.EnvSecretKey + "=a-third-fake-secret-key-0123456789", superset.EnvPreviousSecretKey + "=" + otherKey}
	j.expect(t, "SecretKeyInvalid", "and the previous one do not decrypt")
}

// migrationReadsSecrets applies revisions that connect to the analytics
// databases, with the stored passwords, before these are re-encrypted.
func migrationReadsSecrets(t *testing.T, pg server) {
	j := job{release: v414, script: "migrate", database: pg.copyDatabase(t, "", "reads")}
	atRevision(t, j.database, v400)
	storeSecrets(t, j)
	j.extra = []string{newKey, previousKey, forward}
	j.expect(t, "")
	readable(t, job{release: v414, database: j.database, extra: []string{newKey}})
}
