// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// oldCelery are the oldest releases of Celery and kombu that the supported releases of Superset
// accept, in which a worker stops to take tasks.
var oldCelery = []string{"celery==5.3.6", "kombu==5.3.7"}

// TestWorkerTakesTasksAfterRedis restarts Redis under idle workers of each release. While it loads
// its data, it answers and serves nobody. A task that is sent then runs within two minutes: the
// worker connects again, or its liveness probe has it restarted.
func TestWorkerTakesTasksAfterRedis(t *testing.T) {
	for _, r := range []release{v414, v500, v600, v610} {
		t.Run(r.version, func(t *testing.T) { workerAfterRedis(t, r, nil) })
	}
	t.Run("oldest Celery", func(t *testing.T) { workerAfterRedis(t, v414, overlay(t, oldCelery)) })
}

func workerAfterRedis(t *testing.T, r release, extra []string) {
	t.Helper()
	port := strconv.Itoa(freePort(t))
	w := &livingWorker{mark: filepath.Join(t.TempDir(), "mark"),
		job: job{release: r, database: "sqlite://", cache: "redis://127.0.0.1:" + port + "/3", extra: extra}}
	redis := serveRedis(t, port, "--port", port)
	w.start(t)
	w.runsTask(t, time.Minute)
	for range 2 {
		_ = redis.Process.Signal(syscall.SIGTERM)
		<-redis.done
		loadsFor(t, port, 12*time.Second)
		redis = serveRedis(t, port, "--port", port)
		w.runsTask(t, 2*time.Minute)
	}
	t.Logf("%d restarts of the worker", w.restarts)
	if extra == nil && w.restarts > 0 {
		t.Errorf("a worker that takes tasks was restarted %d times", w.restarts)
	}
}

// loadsFor answers as a Redis does that loads its data.
func loadsFor(t *testing.T, port string, d time.Duration) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(d, func() { _ = listener.Close() })
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_ = connection.SetDeadline(time.Now().Add(time.Second))
		_, _ = connection.Read(make([]byte, 512))
		_, _ = connection.Write([]byte("-LOADING Redis is loading the dataset in memory\r\n"))
		_ = connection.Close()
	}
}

// livingWorker is a worker with the liveness probe of its pod.
type livingWorker struct {
	job      job
	mark     string
	process  *process
	restarts int
}

// command returns a command that has the mark in a folder of its own.
func (w *livingWorker) command(t *testing.T, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	c := w.job.command(t, program, arguments...)
	config := filepath.Join(c.Dir, superset.ConfigFile)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, strings.ReplaceAll(string(text), superset.WorkerFile, w.mark))
	return c
}

func (w *livingWorker) start(t *testing.T) {
	t.Helper()
	d := components.Describe(components.Worker)
	w.process = start(t, "worker", w.command(t, d.Command[0], append(d.Args, "--loglevel=INFO")...), syscall.SIGTERM)
	w.process.waitUntil(t, "ready", func() bool { return strings.Contains(w.process.log.String(), " ready.") })
}

// runsTask sends a task and requires its result. Meanwhile it does what the kubelet does.
func (w *livingWorker) runsTask(t *testing.T, within time.Duration) {
	t.Helper()
	const program = "from superset.tasks.celery_app import app\nprint('result', app.send_task('celery.accumulate', (1, 2)).get(timeout=300))"
	task := start(t, "task", w.command(t, "python", "-c", program), syscall.SIGKILL)
	probe := components.Describe(components.Worker).Liveness
	period, failures := time.Duration(probe.PeriodSeconds)*time.Second, int32(0)
	for began := time.Now(); ; {
		select {
		case <-task.done:
			if took := time.Since(began); !strings.Contains(task.log.String(), "result [1, 2]") || took > within {
				t.Fatalf("after %s: %s\n%s", took, task.log, w.process.log)
			}
			return
		case <-time.After(period):
		}
		if failures = w.probed(t, failures); failures == probe.FailureThreshold {
			failures = 0
			w.restart(t)
		}
	}
}

// probed is the number of failures of the probe in a row.
func (w *livingWorker) probed(t *testing.T, failures int32) int32 {
	t.Helper()
	command := components.Describe(components.Worker).Liveness.Exec.Command
	script := strings.ReplaceAll(command[2], superset.WorkerFile, w.mark)
	pod := w.job.command(t, "python")
	shell := exec.Command(command[0], command[1], script)
	shell.Dir, shell.Env = pod.Dir, pod.Env
	out, err := shell.CombinedOutput()
	if err == nil {
		return 0
	}
	t.Logf("the probe fails: %v: %s", err, out)
	return failures + 1
}

func (w *livingWorker) restart(t *testing.T) {
	t.Helper()
	w.restarts++
	_ = w.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-w.process.done:
	case <-time.After(time.Minute):
		t.Fatalf("an idle worker does not end:\n%s", w.process.log)
	}
	w.start(t)
}

// overlay returns the variable that puts other releases of packages before those of the
// environment.
func overlay(t *testing.T, packages []string) []string {
	t.Helper()
	folder := filepath.Join(machine.cache, "overlay-"+url.PathEscape(strings.Join(packages, "-")))
	defer lock(t, folder+".lock")()
	if _, err := os.Stat(filepath.Join(folder, "celery")); err != nil {
		arguments := append([]string{"pip", "install", "--quiet", "--no-deps", "--python", machine.python, "--target", folder}, packages...)
		if out, err := exec.Command(machine.uv, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("installing %s: %v\n%s", packages, err, out)
		}
	}
	return []string{fmt.Sprintf("PYTHONPATH=%s", folder)}
}
