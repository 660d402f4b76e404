// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestInterruptedJobs ends Jobs as a drained node does: one that can run again says so.
func TestInterruptedJobs(t *testing.T) {
	pg := startPostgreSQL(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login/" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer web.Close()
	soak := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "interrupted"),
		extra: []string{superset.EnvWebURL + "=" + web.URL, superset.EnvSoakSeconds + "=600"}}
	pg.query(t, "interrupted", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	interruptedBy(t, soak.start(t), "LoginPage: ok")

	preflight := job{release: v610, script: "preflight", database: pg.copyDatabase(t, "", "slow"), raw: slowConfig}
	interruptedBy(t, preflight.start(t), "sleeping")
	waitsForLock(t, job{release: v610, script: "migrate", database: pg.copyDatabase(t, "", "locked"), raw: slowConfig})
}

// slowConfig is a configuration that takes until the end of the test to load.
const slowConfig = "import time\nprint('sleeping', flush=True)\ntime.sleep(600)"

// waitsForLock starts two migrations and ends the one that waits for the other. That a session
// waits proves nothing about the schema, on MySQL neither.
func waitsForLock(t *testing.T, j job) {
	t.Helper()
	holder := j.start(t)
	holder.waitUntil(t, "holding the lock", func() bool { return strings.Contains(holder.log.String(), "sleeping") })
	interruptedBy(t, j.start(t), "for another migration of this database to end")
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-holder.done
}

// interruptedBy sends SIGTERM once the log has a text, and expects that the Job may run again.
func interruptedBy(t *testing.T, r *running, text string) {
	t.Helper()
	r.waitUntil(t, text, func() bool { return strings.Contains(r.log.String(), text) })
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got, log := r.wait(t); got.Reason != "Interrupted" || !strings.Contains(got.Message, "stopped by SIGTERM, as when a node is drained or a pod is evicted; it can run again") {
		t.Errorf("%s: result %+v, log:\n%s", r.job.script, got, log)
	}
}
