// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// mysqlServer is a MariaDB of the test on loopback, in place of MySQL, which
// Debian does not have. Superset runs on it up to 5.0 without changes.
type mysqlServer struct {
	port   int
	socket string
}

func startMySQL(t *testing.T) *mysqlServer {
	t.Helper()
	program := firstProgram("mariadbd", "/usr/sbin/mariadbd")
	if program == "" || firstProgram("mysqldump") == "" {
		t.Fatal("MariaDB is missing: apt-get install mariadb-server")
	}
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	s := &mysqlServer{port: freePort(t), socket: filepath.Join(os.TempDir(), fmt.Sprintf("superset-operator-%d.sock", os.Getpid()))}
	as := []string{}
	if os.Getuid() == 0 {
		owner, err := user.Lookup("mysql")
		if err != nil {
			t.Fatalf("finding the user of Debian's mariadb-server package: %v", err)
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(folder, uid, gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
			t.Fatal(err)
		}
		as = append(as, "--user=mysql")
	}
	install := exec.Command("mariadb-install-db", append(as, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--datadir="+data)...)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	p := start(t, "mariadbd", exec.Command(program, append([]string{"--no-defaults", "--datadir=" + data, "--socket=" + s.socket,
		"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port), "--pid-file=" + filepath.Join(folder, "pid"),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--character-set-server=utf8mb4"}, as...)...), syscall.SIGTERM)
	p.waitUntil(t, "ready", func() bool {
		return exec.Command("mysqladmin", "--no-defaults", "-S", s.socket, "-u", "root", "ping").Run() == nil
	})
	s.query(t, "", "CREATE USER bi@'127.0.0.1' IDENTIFIED BY '"+strings.ReplaceAll(strings.ReplaceAll(oddPassword, `\`, `\\`), "'", "''")+"'")
	return s
}

// url is the SQLAlchemy URL of a database for the user bi.
func (s *mysqlServer) url(database string) string {
	password := strings.NewReplacer("%", "%25", " ", "%20", ":", "%3A", `\`, "%5C", "@", "%40", "/", "%2F", "#", "%23", `"`, "%22").Replace(oddPassword)
	return fmt.Sprintf("mysql+pymysql://bi:%s@127.0.0.1:%d/%s?charset=utf8mb4", password, s.port, database)
}

// query runs statements as the superuser.
func (s *mysqlServer) query(t *testing.T, database, statements string) string {
	t.Helper()
	out, err := s.client(database, "-e", statements).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", statements, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *mysqlServer) client(database string, arguments ...string) *exec.Cmd {
	return exec.Command("mysql", append([]string{"--no-defaults", "-S", s.socket, "-u", "root", "-N", "-B", "-D", database}, arguments...)...)
}

// incidental matches the counters of columns, and the definers of views.
var incidental = regexp.MustCompile(" AUTO_INCREMENT=\\d+|DEFINER=`[^`]*`@`[^`]*`")

// dump is the content of a database as text, without the parts that differ from
// dump to dump.
func (s *mysqlServer) dump(t *testing.T, database string) []string {
	t.Helper()
	out, err := exec.Command("mysqldump", "--no-defaults", "-S", s.socket, "-u", "root", "--hex-blob", "--order-by-primary", "--skip-extended-insert", database).Output()
	if err != nil {
		t.Fatalf("mysqldump: %v", err)
	}
	var lines []string
	for _, line := range strings.Split(string(out), "\n") {
		if !strings.HasPrefix(line, "-- Dump completed") {
			lines = append(lines, incidental.ReplaceAllString(line, ""))
		}
	}
	if len(lines) < 1000 {
		t.Fatalf("the dump of %s has %d lines", database, len(lines))
	}
	return lines
}

// TestMySQL creates a database, backs it up, and restores it after a failed
// downgrade that left it partially migrated, as MySQL has no transactional DDL.
func TestMySQL(t *testing.T) {
	s := startMySQL(t)
	j := job{release: v414, script: "preflight", database: s.url("bi"), extra: []string{createDatabase}}
	j.expect(t, "DatabaseAuthFailed") // without any right MySQL does not even report that it is missing
	s.query(t, "", "GRANT SELECT ON bi.* TO bi@'127.0.0.1'")
	j.expect(t, "DatabaseAuthFailed", "does not exist and cannot be created", "bi has no right")
	s.query(t, "", "REVOKE ALL PRIVILEGES, GRANT OPTION FROM bi@'127.0.0.1'")
	s.query(t, "", "GRANT ALL PRIVILEGES ON `b_`.* TO bi@'127.0.0.1'")
	if got := j.expect(t, ""); got.PendingCount != revisions || got.Revision != "" || got.Database != "mysql" {
		t.Errorf("preflight of a missing database: %+v", got)
	}
	j.script = "migrate"
	j.expect(t, "")
	fill(t, j)
	s.query(t, "bi", "CREATE VIEW totals AS SELECT count(*) AS n FROM dashboards")

	before, v := s.dump(t, "bi"), newVault(t)
	got := v.backup(t, j, "r7")
	want(t, got, "")
	t.Logf("backup: %d bytes in %.1f s", got.Backup.Bytes, got.Backup.Seconds)
	if got.Revision != v414.head || got.Backup.Revision != v414.head || got.Backup.Bytes < 10000 || len(got.Backup.SHA256) != 64 {
		t.Errorf("result %+v, backup %+v", got, got.Backup)
	}
	waitsForLock(t, job{release: v500, script: "migrate", database: j.database, raw: slowConfig})
	job{release: v500, script: "migrate", database: j.database}.expect(t, "")
	// From 5.0 on two datasets may have the same table, which the earlier schema
	// does not permit.
	s.query(t, "bi", "INSERT INTO tables (id, uuid, table_name, `schema`, database_id) SELECT 4711, UNHEX(REPLACE(UUID(), '-', '')), table_name, `schema`, database_id FROM tables")
	upgraded := s.dump(t, "bi")
	back := job{release: v500, script: "downgrade", database: j.database, extra: []string{superset.EnvTargetRevision + "=" + v414.head}}
	failed := back.expect(t, "DowngradeFailed", "mysql may be left partially migrated: restore the backup")
	t.Logf("downgrade: %s", failed.Message)
	if cmp.Equal(upgraded, s.dump(t, "bi")) {
		t.Error("the downgrade failed without changing anything: there is nothing to restore")
	}

	mysqlLockTaken(t, s, v, j)
	mysqlConnectionLost(t, s, v, j)
	got = v.restore(t, j, "r7", superset.EnvBackupSHA256+"="+got.Backup.SHA256, superset.EnvExpectedRevision+"="+v414.head)
	want(t, got, "")
	t.Logf("restored in %.1f s", got.Backup.Seconds)
	if diff := cmp.Diff(before, s.dump(t, "bi")); diff != "" {
		t.Errorf("-backed up +restored:\n%s", diff)
	}
	flip(t, v.dump("r7"), 5000)
	want(t, v.restore(t, j, "r7"), "BackupDamaged", "sha256")
	want(t, v.restore(t, j, "r7", superset.EnvBackupSHA256+"="+sumOf(t, v.dump("r7"))), "BackupDamaged", "cannot be read")
}

// mysqlLockTaken lets a migration begin after prepare.py has checked for one.
func mysqlLockTaken(t *testing.T, s *mysqlServer, v *vault, j job) {
	t.Helper()
	lock := ""
	v.between = func(shared string) {
		text, err := os.ReadFile(filepath.Join(shared, "facts.sh"))
		if err != nil {
			t.Fatal(err)
		}
		lock = string(regexp.MustCompile(`superset-operator\.[0-9a-f]+`).Find(text))
		// The same user, because it may see only its own sessions.
		holder := exec.Command("mysql", "--no-defaults", "-h", "127.0.0.1", "-P", strconv.Itoa(s.port), "-u", "bi", "-N", "-B", "--unbuffered", "-e", "SELECT GET_LOCK('"+lock+"', 0), 'held'; SELECT SLEEP(600)")
		holder.Env = append(os.Environ(), "MYSQL_PWD="+oddPassword)
		p := start(t, "holder", holder, syscall.SIGKILL)
		p.waitUntil(t, "holding the lock", func() bool { return strings.Contains(p.log.String(), "held") })
	}
	before := s.dump(t, "bi")
	want(t, v.restore(t, j, "r7", superset.EnvLockWaitSeconds+"=1"), "LockTimeout", "the database is unchanged", "the session of user bi")
	if diff := cmp.Diff(before, s.dump(t, "bi")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	v.between = nil
	s.query(t, "", "KILL "+s.query(t, "", "SELECT IS_USED_LOCK('"+lock+"')"))
}

// mysqlConnectionLost makes a restore lose its connection: it reports that the
// database may be partially restored, and the next attempt restores the rest.
func mysqlConnectionLost(t *testing.T, s *mysqlServer, v *vault, j job) {
	t.Helper()
	v.between = func(string) {
		s.query(t, "", "GRANT USAGE ON *.* TO bi@'127.0.0.1' WITH MAX_UPDATES_PER_HOUR 60")
	}
	want(t, v.restore(t, j, "r7"), "RestoreFailed", "max_updates", "may be partially restored: restore again")
	v.between = nil
	s.query(t, "", "GRANT USAGE ON *.* TO bi@'127.0.0.1' WITH MAX_UPDATES_PER_HOUR 0; FLUSH USER_RESOURCES")
}
