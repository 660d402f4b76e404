// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestMySQLConnections refuses and ends the connections of a migration on a server that cannot
// undo a part of it. What has changed nothing can be tried again; and without its lock a
// migration stops before the next step.
func TestMySQLConnections(t *testing.T) {
	s := startMySQL(t)
	s.query(t, "", "CREATE DATABASE bi; GRANT ALL PRIVILEGES ON bi.* TO bi@'127.0.0.1'")
	j := job{release: v414, script: "migrate", database: s.url("bi")}
	// The session with the lock, that of the app, and that of alembic are open at once.
	for most, want := range map[int]string{1: "max_user_connections", 2: "nothing was changed"} {
		s.query(t, "", fmt.Sprintf("GRANT USAGE ON *.* TO bi@'127.0.0.1' WITH MAX_USER_CONNECTIONS %d", most))
		t.Logf("%d connections: %s", most, j.expect(t, "DatabaseUnreachable", "does not accept connections", want).Message)
	}
	s.query(t, "", "GRANT USAGE ON *.* TO bi@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0")
	behind := j
	behind.database = strings.Replace(j.database, fmt.Sprintf(":%d/", s.port), fmt.Sprintf(":%d/", refuseLocks(t, s.port)), 1)
	behind.expect(t, "DatabaseUnreachable", "1105", "does not accept connections")

	mysqlIdleTimeout(t, s, j)
	mysqlLockLost(t, s, j)
	j.expect(t, "")
}

// mysqlIdleTimeout keeps the lock for longer than the server keeps an idle session.
func mysqlIdleTimeout(t *testing.T, s *mysqlServer, j job) {
	t.Helper()
	s.query(t, "", "SET GLOBAL wait_timeout = 8")
	j.raw = slowConfig
	r := j.start(t)
	r.waitUntil(t, "holding the lock", func() bool { return strings.Contains(r.log.String(), "sleeping") })
	began := time.Now()
	r.waitUntil(t, "past the timeout", func() bool {
		if s.sessions(t) == 0 {
			t.Fatalf("the session with the lock ended after %s", time.Since(began))
		}
		return time.Since(began) > 16*time.Second
	})
	if err := r.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.done
	s.query(t, "", "SET GLOBAL wait_timeout = 28800")
}

// sessions counts the sessions of the user bi.
func (s *mysqlServer) sessions(t *testing.T) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s.query(t, "", "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'bi'"), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// mysqlLockLost ends the session that holds the lock while alembic runs.
func mysqlLockLost(t *testing.T, s *mysqlServer, j job) {
	t.Helper()
	r := j.start(t)
	r.waitUntil(t, "migrating", func() bool { return strings.Contains(r.log.String(), "migrating: 20 of") })
	oldest := s.query(t, "", "SELECT MIN(ID) FROM information_schema.PROCESSLIST WHERE USER = 'bi'")
	s.query(t, "", "KILL "+oldest)
	got, log := r.wait(t)
	if got.Reason != "DatabaseUnreachable" || !strings.Contains(got.Message, "the session that held the migration lock was lost") {
		t.Fatalf("result %+v, log:\n%s", got, log)
	}
	if now := s.query(t, "bi", "SELECT version_num FROM alembic_version"); got.Revision != now || now == v414.head {
		t.Errorf("revision %q, the database is at %q", got.Revision, now)
	}
}

// refuseLocks forwards a port to a server, and answers the request of a lock as a proxy does that
// has no server for it: with the unknown error.
func refuseLocks(t *testing.T, server int) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go passOn(client, server)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func passOn(client net.Conn, server int) {
	defer func() { _ = client.Close() }()
	upstream, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", server))
	if err != nil {
		return
	}
	defer func() { _ = upstream.Close() }()
	go func() { _, _ = io.Copy(client, upstream); _ = client.Close() }()
	for head := make([]byte, 4); ; {
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		to, packet := upstream, append(bytes.Clone(head), body...)
		if bytes.Contains(body, []byte("GET_LOCK")) {
			answer := append(binary.LittleEndian.AppendUint16([]byte{0xff}, 1105), "#HY000proxy: no server"...)
			to, packet = client, append([]byte{byte(len(answer)), 0, 0, head[3] + 1}, answer...)
		}
		if _, err := to.Write(packet); err != nil {
			return
		}
	}
}
