// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// tenant is a role without privileges, as recommended for the owner of a metadata
// database.
const tenant = "bi"

// createTenant creates the role and an empty database that it owns.
func (s server) createTenant(t *testing.T, database string) string {
	t.Helper()
	s.query(t, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", tenant, databasePassword))
	s.query(t, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s", database, tenant))
	return s.tenantURL(database)
}

func (s server) tenantURL(database string) string {
	return strings.Replace(s.url(database), "postgres:", tenant+":", 1)
}

// copyTenant creates a copy of a database, owned by the tenant.
func (s server) copyTenant(t *testing.T, from, name string) string {
	t.Helper()
	s.query(t, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", name, tenant, from))
	return s.tenantURL(name)
}

// session is a client with a transaction that stays open until end.
type session struct {
	*process
	stdin io.Closer
}

// openSession runs statements in a transaction and leaves it open. The name is the
// session's application_name.
func (s server) openSession(t *testing.T, name, user, database, statements string) *session {
	t.Helper()
	command := exec.Command(filepath.Join(machine.postgresql, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
		"-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", user, "-d", database)
	command.Env = append(os.Environ(), "PGPASSWORD="+databasePassword, "PGAPPNAME="+name)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, name, command, syscall.SIGTERM)
	if _, err := fmt.Fprintf(stdin, "BEGIN; %s;\n\\echo open\n", statements); err != nil {
		t.Fatal(err)
	}
	p.waitUntil(t, "in its transaction", func() bool { return strings.Contains(p.log.String(), "open") })
	return &session{process: p, stdin: stdin}
}

// end closes the session, whose transaction must still be open.
func (s *session) end(t *testing.T) {
	t.Helper()
	if err := s.stdin.Close(); err != nil {
		t.Error(err)
	}
	<-s.done
	if !s.ProcessState.Success() {
		t.Errorf("session %s was terminated: %s", s.name, s.log)
	}
}

// schema is the database's schema as text, without the objects that Superset's
// start-up adds outside of the migrations.
func (s server) schema(t *testing.T, database string) string {
	t.Helper()
	command := exec.Command(filepath.Join(machine.postgresql, "pg_dump"), "-s", "-T", "ab_api_key*", "-d", s.libpq(database))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("pg_dump: %v\n%s", err, out)
	}
	lines := strings.Split(string(out), "\n")
	kept := lines[:0]
	for _, line := range lines {
		if !strings.HasPrefix(line, `\`) { // \restrict, with a random key
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// libpq is the database's URL for PostgreSQL's own programs, as superuser.
func (s server) libpq(database string) string {
	return strings.Replace(s.url(database), "+psycopg2", "", 1)
}

// noSessions waits until only superusers are connected to the database.
func (s server) noSessions(t *testing.T, database string) {
	t.Helper()
	poll(t, "the migration's sessions are gone", func() bool {
		return s.query(t, "postgres", fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND usename = '%s'",
			database, tenant)) == "0"
	})
}
