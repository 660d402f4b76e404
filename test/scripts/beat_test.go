// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Makes beat send a task every two seconds: one of Superset's own, or one that
// keeps a worker busy until the end of the test.
const (
	often   = "CeleryConfig.beat_schedule['often'] = {'task': 'reports.scheduler', 'schedule': 2.0}\n"
	sleeps  = "CeleryConfig.imports += ('sleeper',)\nCeleryConfig.beat_schedule['often'] = {'task': 'sleeper', 'schedule': 2.0}\n"
	sleeper = "import time\nfrom superset.extensions import celery_app\n\n@celery_app.task(name='sleeper')\ndef sleep():\n    time.sleep(3600)\n"
)

// TestBeat runs a soak with a real worker and a real beat. A task that is
// expected in a soak must be due at least half a minute before its end.
func TestBeat(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "ticks"), cache: cache}
	pg.query(t, "ticks", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	worker, beat := startWorker(t, j), startBeat(t, j)

	// The schedule that the operator writes: at each full minute.
	beats(t, j.soaking(95), "", "workers started its tasks: reports.")
	beats(t, j.soaking(1), "", "nothing was due: first is reports.scheduler, ")
	end(t, beat)
	j.raw = often
	beats(t, j.soaking(33), "CheckFailed", "due during the soak, but started by no worker: often")

	r := j.soaking(33).start(t)
	r.waitUntil(t, "soaking", func() bool { return strings.Contains(r.log.String(), "beat: due within 33 s") })
	end(t, worker)
	worker = startWorker(t, j) // with the same name
	got, log := r.wait(t)
	if c := got.Checks[len(got.Checks)-1]; c.Name != "Beat" || !c.OK || c.Detail != "not known: workers were restarted during the soak, so their counts started again" {
		t.Errorf("%+v, log:\n%s", got.Checks, log)
	}
	end(t, worker)

	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "sleeper.py"), sleeper)
	j.raw, j.extra = sleeps, []string{"PYTHONPATH=" + folder}
	worker = startWorker(t, j)
	startBeat(t, j)
	worker.waitUntil(t, "busy", func() bool { return strings.Contains(worker.log.String(), "Task sleeper[") })
	beats(t, j.soaking(33), "", "not known: the workers had no free slot for often")
}

// TestBeatOfOlderRelease uses the worker and beat of an older release, with another
// version of Celery.
func TestBeatOfOlderRelease(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	j := job{release: v414, script: "verify", database: pg.copyDatabase(t, "", "ticks"), cache: cache, raw: often}
	pg.query(t, "ticks", "CREATE TABLE alembic_version AS SELECT '"+v414.head+"'::varchar(32) AS version_num")
	startWorker(t, j)
	startBeat(t, j)
	beats(t, j.soaking(33), "", "workers started its tasks: often")
}

// soaking is the job with a soak of that many seconds, a worker and a beat.
func (j job) soaking(seconds int) job {
	j.extra = append([]string{workersHere(), superset.EnvBeat + "=1", fmt.Sprintf("%s=%d", superset.EnvSoakSeconds, seconds)}, j.extra...)
	return j
}

// beats requires that Beat is the last check, that its detail begins with this
// text, and that it is the only failed check, if any.
func beats(t *testing.T, j job, reason, says string) {
	t.Helper()
	got, log := j.run(t)
	last := got.Checks[len(got.Checks)-1]
	if got.Reason != reason || last.Name != "Beat" || last.OK != (reason == "") || !strings.HasPrefix(last.Detail, says) {
		t.Errorf("%q, %+v, want %q; log:\n%s", got.Reason, got.Checks, says, log)
	}
}

func startBeat(t *testing.T, j job) *process {
	t.Helper()
	schedule := filepath.Join(t.TempDir(), "schedule")
	p := start(t, "beat", j.command(t, "celery", "--app=superset.tasks.celery_app:app", "beat", "--pidfile=", "--schedule="+schedule,
		"--loglevel=INFO"), syscall.SIGTERM)
	p.waitUntil(t, "started", func() bool { return strings.Contains(p.log.String(), "beat: Starting...") })
	return p
}
