// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// verifyRelease runs web and worker of a release like its image, and runs verify
// while they work and while they do not.
func verifyRelease(t *testing.T, pg server, r release, cache string) {
	name := at(r) + "_verify"
	j := job{release: r, script: "verify", database: pg.copyDatabase(t, at(r), name), cache: cache}
	web, url := startWeb(t, j)
	worker := startWorker(t, j)
	j.extra = []string{"SUPERSET_OPERATOR_WEB_URL=" + url, workersHere()}
	got := j.expect(t, "")
	want := []string{"Revision", "Workers", "RegisteredTasks", "AnonymousAPI", "LoginPage"}
	if failed := wrong(got); len(got.Checks) != len(want) || len(failed) > 0 {
		t.Errorf("checks %+v, want %v and all of them ok; web:\n%s", got.Checks, want, web.log)
	}
	if r != v610 {
		end(t, worker) // the releases share the broker
		return
	}
	t.Run("another revision is expected", func(t *testing.T) {
		j := j
		j.extra = append(slices.Clone(j.extra), "SUPERSET_OPERATOR_EXPECTED_REVISION="+v500.head)
		if failed := wrong(j.expect(t, "CheckFailed", "Revision", v500.head)); !slices.Equal(failed, want[:1]) {
			t.Errorf("failed %v, want only the revision", failed)
		}
	})
	t.Run("either of two revisions is expected", func(t *testing.T) {
		j := j
		j.extra = append(slices.Clone(j.extra), "SUPERSET_OPERATOR_EXPECTED_REVISION="+v500.head+","+v610.head)
		j.expect(t, "")
	})
	t.Run("a missing worker", func(t *testing.T) {
		j := j
		j.extra = []string{"SUPERSET_OPERATOR_WEB_URL=" + url, workersHere() + ",gone"}
		if failed := wrong(j.expect(t, "CheckUnanswered", "1 of 2 workers")); !slices.Equal(failed, want[1:2]) {
			t.Errorf("failed %v, want only the workers", failed)
		}
	})
	t.Run("no database", func(t *testing.T) {
		pg.query(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		failed := wrong(j.expect(t, "CheckFailed", "Revision"))
		if !slices.Contains(failed, "Revision") || !slices.Contains(failed, "AnonymousAPI") {
			t.Errorf("failed %v, want the revision and the API among them", failed)
		}
	})
	t.Run("nothing is running", func(t *testing.T) {
		end(t, worker)
		end(t, web)
		if failed := wrong(j.expect(t, "CheckUnanswered")); !slices.Equal(failed, want) {
			t.Errorf("failed %v, want all", failed)
		}
	})
}

// wrong lists the failed checks.
func wrong(r result) []string {
	var names []string
	for _, check := range r.Checks {
		if !check.OK {
			names = append(names, check.Name)
		}
	}
	return names
}

// startWeb starts gunicorn with the arguments of the official image's run-server.sh.
func startWeb(t *testing.T, j job) (*process, string) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := start(t, "web", j.command(t, "gunicorn", "--bind", address, "--workers", "1", "--worker-class", "gthread",
		"--threads", "20", "--timeout", "60", "--keep-alive", "2", "superset.app:create_app()"), syscall.SIGTERM)
	p.waitUntil(t, "listening", func() bool { return answers(address) })
	return p, "http://" + address
}

func startWorker(t *testing.T, j job) *process {
	t.Helper()
	p := start(t, "worker", j.command(t, "celery", "--app=superset.tasks.celery_app:app", "worker",
		"--pool=prefork", "--concurrency=1", "--loglevel=INFO"), syscall.SIGTERM)
	p.waitUntil(t, "ready", func() bool { return strings.Contains(p.log.String(), " ready.") })
	return p
}

// end stops a process before the end of its test.
func end(t *testing.T, p *process) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	poll(t, p.name+" has ended", func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	})
}

func poll(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out after a minute: %s", what)
		}
	}
}

// TestVerifyWaitsForWeb has web first answer like a pod that is ending, correctly
// and for a while, before it answers like the new pods.
func TestVerifyWaitsForWeb(t *testing.T) {
	pg := startPostgreSQL(t)
	var began time.Time
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login/" && time.Since(began) > 14*time.Second {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer web.Close()
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "settled"),
		extra: []string{superset.EnvWebURL + "=" + web.URL, superset.EnvWebSettleSeconds + "=15"}}
	pg.query(t, "settled", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	began = time.Now()
	if failed := wrong(j.expect(t, "CheckFailed", "LoginPage", "500")); !slices.Equal(failed, []string{"LoginPage"}) {
		t.Errorf("failed %v", failed)
	}
}
