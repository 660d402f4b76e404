// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestVerifyWorkers asks a worker with a name of the user's choice, next to one of another
// Superset that lacks tasks of this release, and one of a pod that was created after the Job.
func TestVerifyWorkers(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "bi"), cache: cache}
	pg.query(t, "bi", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	startWorkerNamed(t, j, "reports@bi-worker-7c5d4f6b9-abcde")
	other := j
	other.release = v600
	startWorkerNamed(t, other, "celery@other-superset-0")
	startWorkerNamed(t, j, "celery@bi-worker-7c5d4f6b9-fghij")
	const ours, others = "bi-worker-7c5d4f6b9-abcde", "1 on the broker are not of this Superset: celery@other-superset-0"
	lost := j
	lost.cache = fmt.Sprintf("redis://127.0.0.1:%d/0", freePort(t))
	t.Run("group", func(t *testing.T) {
		for name, c := range map[string]struct {
			job                 job
			reason, ping, tasks string
			hosts               []string
		}{
			"answers":      {j, "", "1 workers answered; " + others, "each of 1 workers has the ", []string{ours}},
			"one is gone":  {j, "CheckUnanswered", "1 of 2 workers did not answer a ping: gone", "each of 1 workers has the ", []string{ours, "gone"}},
			"all are gone": {j, "CheckUnanswered", "1 of 1 workers did not answer a ping: gone", "none of 1 workers reported its tasks", []string{"gone"}},
			"a part of a name, a pattern": {j, "CheckUnanswered", "2 of 2 workers did not answer a ping: bi-worker, bi.worker-7c5d4f6b9-abcde", "none of 2 ",
				[]string{"bi-worker", "bi.worker-7c5d4f6b9-abcde"}},
			"lacks tasks": {j, "CheckFailed", "1 workers answered", "worker celery@other-superset-0 does not have ", []string{"other-superset-0"}},
			"no broker":   {lost, "CheckUnanswered", "OperationalError: ", "OperationalError: ", []string{ours}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c.job.expectWorkers(t, c.reason, c.ping, c.tasks, c.hosts...)
			})
		}
	})
	j.extra = []string{superset.EnvWorkerHosts + "="}
	if got := j.expect(t, "").Checks; len(got) != 1 {
		t.Errorf("a tier that was scaled to zero: checks %+v", got)
	}
}

// TestKeyPrefix starts workers of two Supersets on one Redis, each with a prefix. A Job sees those
// of its own prefix, and a task runs on its own worker.
func TestKeyPrefix(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	database := pg.copyDatabase(t, "", "bi")
	pg.query(t, "bi", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	with := func(r release, prefix string) job {
		return job{release: r, script: "verify", database: database, cache: cache, extra: []string{superset.EnvCacheKeyPrefix + "=" + prefix}}
	}
	startWorkerNamed(t, with(v610, "bi"), "celery@bi-worker-7c5d4f6b9-abcde")
	startWorkerNamed(t, with(v500, "other"), "celery@other-worker-7c5d4f6b9-abcde")
	with(v610, "bi").expectWorkers(t, "", "1 workers answered", "each of 1 workers has the ", "bi-worker-7c5d4f6b9-abcde")
	with(v610, "bi").expectWorkers(t, "CheckUnanswered", "1 of 1 workers did not answer", "none of 1 ", "other-worker-7c5d4f6b9-abcde")
	if got := with(v610, "bi").workersOnBroker(t); got != "celery@bi-worker-7c5d4f6b9-abcde" {
		t.Errorf("with the prefix bi %q answer", got)
	}
	if got := with(v610, "").workersOnBroker(t); got != "" {
		t.Errorf("without a prefix %q answer", got)
	}
	out, err := exec.Command("redis-cli", "-u", cache, "KEYS", "*").CombinedOutput()
	if err != nil {
		t.Fatalf("querying Redis: %v\n%s", err, out)
	}
	for _, key := range strings.Fields(string(out)) {
		if !strings.HasPrefix(key, "bi:") && !strings.HasPrefix(key, "other:") && !strings.HasPrefix(key, "bi_") && !strings.HasPrefix(key, "other_") {
			t.Errorf("the key %s has no prefix", key)
		}
	}
}

// workersOnBroker are the names of the workers that answer Superset's own Celery app.
func (j job) workersOnBroker(t *testing.T) string {
	t.Helper()
	const program = "from superset.tasks.celery_app import app\nprint('answered', *sorted(n for a in app.control.ping(timeout=3) for n in a))"
	out, err := j.command(t, "python", "-c", program).CombinedOutput()
	if err != nil {
		t.Fatalf("pinging the workers: %v\n%s", err, out)
	}
	_, names, _ := strings.Cut(string(out), "answered")
	return strings.TrimSpace(names)
}

// expectWorkers requires these beginnings of the details of the two checks of workers.
func (j job) expectWorkers(t *testing.T, reason, ping, tasks string, hosts ...string) {
	t.Helper()
	j.extra = append(slices.Clone(j.extra), superset.EnvWorkerHosts+"="+strings.Join(hosts, ","), superset.EnvWorkerDeployment+"=bi-worker")
	got := j.expect(t, reason).Checks
	if len(got) != 3 || got[1].Name != "Workers" || !strings.HasPrefix(got[1].Detail, ping) ||
		got[2].Name != "RegisteredTasks" || !strings.HasPrefix(got[2].Detail, tasks) {
		t.Errorf("%v: checks %+v, want %q and %q", hosts, got, ping, tasks)
	}
}

// TestWorkerProbe runs the startup probe of a worker's pod next to a worker of this host, with a
// name of the user's choice, and without it.
func TestWorkerProbe(t *testing.T) {
	j := job{release: v610, database: "sqlite://", cache: startRedis(t)}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	probe := func() (bool, string) {
		command := components.Describe(components.Worker).Startup.Exec.Command
		out, err := j.command(t, command[0], command[1:]...).CombinedOutput()
		return err == nil, string(out)
	}
	startWorkerNamed(t, j, "celery@"+host+"-other")
	if ok, out := probe(); ok {
		t.Errorf("passes without a worker of this host: %s", out)
	}
	startWorkerNamed(t, j, "reports@%h")
	if ok, out := probe(); !ok {
		t.Errorf("fails with a worker of this host: %s", out)
	}
}

// workersHere is the variable of verify for workers with the hostname of this machine.
func workersHere() string {
	host, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	return superset.EnvWorkerHosts + "=" + host
}
