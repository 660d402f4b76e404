// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const databasePassword = "not-a-real-password"

// server is a PostgreSQL of the test on loopback.
type server struct {
	port int
	log  *logBuffer
}

// process is a program that the test starts and stops.
type process struct {
	*exec.Cmd
	name string
	log  *logBuffer
	done chan struct{}
}

// start runs the command in the background until the test ends; then it gets the
// signal and, if it does not end, SIGKILL.
func start(t *testing.T, name string, command *exec.Cmd, end os.Signal) *process {
	t.Helper()
	p := &process{Cmd: command, name: name, log: &logBuffer{}, done: make(chan struct{})}
	command.Stdout, command.Stderr = p.log, p.log
	if err := command.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() { _ = command.Wait(); close(p.done) }()
	t.Cleanup(func() {
		_ = command.Process.Signal(end)
		select {
		case <-p.done:
		case <-time.After(30 * time.Second):
			_ = command.Process.Kill()
			<-p.done
		}
	})
	return p
}

// waitUntil polls the condition; the process must not end before it holds.
func (p *process) waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if condition() {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended before %s:\n%s", p.name, what, p.log)
		default:
		}
	}
	t.Fatalf("%s: not %s within 3 minutes:\n%s", p.name, what, p.log)
}

// waitUntilDone returns once the process has printed the words, or has ended.
func (p *process) waitUntilDone(words string) {
	for !strings.Contains(p.log.String(), words) {
		select {
		case <-p.done:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func startPostgreSQL(t *testing.T) server {
	t.Helper()
	folder := t.TempDir()
	data, passwords := filepath.Join(folder, "data"), filepath.Join(folder, "password")
	writeFile(t, passwords, databasePassword+"\n")
	s := server{port: freePort(t)}
	initdb := asServiceUser(t, folder, filepath.Join(machine.postgresql, "initdb"),
		"-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile="+passwords, "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p := start(t, "postgres", asServiceUser(t, folder, filepath.Join(machine.postgresql, "postgres"),
		"-D", data, "-k", folder, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-c", "fsync=off",
		"-c", "max_prepared_transactions=2"), syscall.SIGINT)
	p.waitUntil(t, "ready", func() bool {
		return exec.Command(filepath.Join(machine.postgresql, "pg_isready"), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)).Run() == nil
	})
	s.log = p.log
	return s
}

// asServiceUser returns a command that does not run as root, because PostgreSQL
// refuses to.
func asServiceUser(t *testing.T, folder, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(program, arguments...)
	command.Dir = folder
	if os.Getuid() != 0 {
		return command
	}
	uid, gid := serviceUser(t)
	handToServiceUser(t, folder, filepath.Join(folder, "password"))
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return command
}

// serviceUser is the user of Debian's postgresql package.
func serviceUser(t *testing.T) (uid, gid int) {
	t.Helper()
	owner, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("finding the user of Debian's postgresql package: %v", err)
	}
	uid, _ = strconv.Atoi(owner.Uid)
	gid, _ = strconv.Atoi(owner.Gid)
	return uid, gid
}

// handToServiceUser changes the owner of existing files to the user of
// asServiceUser.
func handToServiceUser(t *testing.T, names ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := serviceUser(t)
	for _, name := range names {
		if err := os.Chown(name, uid, gid); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// url is the SQLAlchemy URL of a database of the server.
func (s server) url(database string) string {
	return fmt.Sprintf("postgresql+psycopg2://postgres:%s@127.0.0.1:%d/%s", databasePassword, s.port, database)
}

// reader is the URL of a database for the role reader, after a grant to it.
func (s server) reader(t *testing.T, database, grant string) string {
	t.Helper()
	s.query(t, database, grant)
	return strings.Replace(s.url(database), "//postgres:", "//reader:", 1)
}

// query runs one SQL statement and returns its rows, unaligned and without headers.
func (s server) query(t *testing.T, database, statement string) string {
	t.Helper()
	command := exec.Command(filepath.Join(machine.postgresql, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
		"-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres", "-d", database, "-c", statement)
	command.Env = append(os.Environ(), "PGPASSWORD="+databasePassword)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", statement, err, out)
	}
	return strings.TrimSpace(string(out))
}

// copyDatabase creates a copy of a database, or an empty database for "".
func (s server) copyDatabase(t *testing.T, from, name string) string {
	t.Helper()
	if from == "" {
		from = "template1"
	}
	s.query(t, "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, from))
	return s.url(name)
}

// tables counts the tables in a database's public schema.
func (s server) tables(t *testing.T, database string) string {
	t.Helper()
	return s.query(t, database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
}

func answers(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// logBuffer collects a program's output while it runs.
type logBuffer struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}
