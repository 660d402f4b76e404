// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	tables "github.com/superset-operator/superset-operator/internal/metrics"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// exporter is a pod of spec.monitoring.
type exporter struct {
	*process
	address string
}

// startStatsd runs the StatsD exporter of Prometheus with the arguments and the mapping of its
// pod, at an address of loopback.
func startStatsd(t *testing.T, host string) *exporter {
	t.Helper()
	build := exec.Command("go", "tool", "-modfile=hack/statsd.mod", "-n", "statsd_exporter")
	build.Dir = filepath.Join("..", "..")
	out, err := build.Output()
	if err != nil {
		t.Fatalf("building the StatsD exporter: %v", err)
	}
	s := &v1alpha1.Superset{}
	s.Name, s.Spec.Monitoring = "bi", &v1alpha1.MonitoringSpec{StatsdExporter: &v1alpha1.StatsdExporterSpec{}}
	rendered, err := components.StatsdExporter(s, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range rendered.ConfigMap.Data {
		writeFile(t, filepath.Join(folder, name), text)
	}
	var arguments []string
	for _, a := range rendered.Deployment.Spec.Template.Spec.Containers[0].Args {
		a = strings.ReplaceAll(a, components.FilesDir, folder)
		arguments = append(arguments, regexp.MustCompile(`=:(\d+)$`).ReplaceAllString(a, "="+host+":$1"))
	}
	e := &exporter{start(t, "statsd_exporter", exec.Command(strings.TrimSpace(string(out)), arguments...), syscall.SIGTERM), fmt.Sprintf("%s:%d", host, components.MetricsPort)}
	e.waitUntil(t, "ready", func() bool { return status("http://"+e.address+"/-/ready") == http.StatusOK })
	return e
}

func status(url string) int {
	response, err := (&http.Client{Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// text are the metrics that it serves; empty while it does not answer.
func (e *exporter) text() string {
	response, err := http.Get("http://" + e.address + "/metrics")
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

// value of a series; -1 for none.
func (e *exporter) value(series string) float64 {
	for line := range strings.Lines(e.text()) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return v
		}
	}
	return -1
}

// becomes waits until a series has a value.
func (e *exporter) becomes(t *testing.T, series string, want float64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); e.value(series) != want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is %v, want %v:\n%s\n%s", series, e.value(series), want, e.text(), e.log)
		}
	}
}

// boom is a page that fails.
const boom = `
def FLASK_APP_MUTATOR(app):
    @app.route("/boom")
    def boom():
        raise RuntimeError("boom")
`

// names are what Superset sends by its own logger, and the series that it becomes.
var names = map[string]string{
	`incr("ChartRestApi.data.success")`:                     `superset_api_responses_total{api="ChartRestApi",result="success"}`,
	`incr("RoleRestAPI.get_list.error")`:                    `superset_api_responses_total{api="RoleRestAPI",result="error"}`,
	`incr("loaded_from_cache")`:                             `superset_chart_data_total{from="cache"}`,
	`incr("loaded_from_source")`:                            `superset_chart_data_total{from="source"}`,
	`timing("sqllab.query.time_executing_query", 1500)`:     `superset_sqllab_query_duration_seconds_bucket{step="executing_query",le="2.5"}`,
	`incr("error_sqllab_unhandled")`:                        `superset_sqllab_errors_total`,
	`gauge("reports.email.send.ok", 1)`:                     `superset_report_notifications_total{channel="email",result="ok"}`,
	`gauge("reports.slack.send.error", 1)`:                  `superset_report_notifications_total{channel="slack",result="error"}`,
	`incr("ChartRestApi.a_name_of_" + "x" * 70 + ".error")`: "", `timing("ChartRestApi.data.time", 3)`: "", `incr("dashboard_load_17")`: "", `incr("ChartRestApi.data.init")`: "",
}

// TestExporters sends the metrics of real releases, of gunicorn and of a worker to a real StatsD
// exporter.
func TestExporters(t *testing.T) {
	for i, c := range []struct {
		release  release
		gunicorn string
	}{{v414, imageGunicorn}, {v500, imageGunicorn}, {v600, imageGunicorn}, {v610, ""}} {
		t.Run(c.release.version, func(t *testing.T) {
			host := fmt.Sprintf("127.0.0.%d", 20+i)
			e := startStatsd(t, host)
			j := job{release: c.release, database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db"), raw: boom, statsd: host}
			sendsNames(t, j, e)
			countsRequests(t, j, e, c.gunicorn)
			for line := range strings.Lines(e.text()) {
				if name := regexp.MustCompile(`^superset_\w+`).FindString(line); name != "" && !known(name) {
					t.Errorf("the exporter serves %s", line)
				}
			}
		})
	}
}

// known is true for the name of a series of the table.
func known(series string) bool {
	return slices.ContainsFunc(tables.FromStatsd, func(m tables.Metric) bool {
		return series == m.Name || m.Type == tables.Histogram && strings.HasPrefix(series, m.Name+"_")
	})
}

// sendsNames sends names by the logger of a release's own configuration.
func sendsNames(t *testing.T, j job, e *exporter) {
	t.Helper()
	program := "import time\nfrom superset.config import STATS_LOGGER\nfrom superset.stats_logger import BaseStatsLogger\n" +
		"assert isinstance(STATS_LOGGER, BaseStatsLogger)\nSTATS_LOGGER.incr('lost')\ntime.sleep(2)\n"
	for name := range names {
		program += "STATS_LOGGER." + name + "\n"
	}
	if out, err := j.command(t, "python", "-c", program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, series := range names {
		if series != "" {
			e.becomes(t, series, 1)
		}
	}
}

// countsRequests asks web. Its metrics are exact once its process has found the exporter, and a
// request is answered without the exporter.
func countsRequests(t *testing.T, j job, e *exporter, gunicorn string) {
	t.Helper()
	pod := startWebPod(t, j, gunicorn)
	const count = `superset_web_request_duration_seconds_count{status="%s"}`
	failed, missing := fmt.Sprintf(count, "5xx"), fmt.Sprintf(count, "4xx")
	poll(t, "the first request is counted", func() bool {
		status("http://" + pod.address + "/nowhere")
		time.Sleep(200 * time.Millisecond)
		return e.value(missing) > 0
	})
	before := e.value(missing)
	for range 5 {
		if got := status("http://" + pod.address + "/nowhere"); got != http.StatusNotFound {
			t.Errorf("/nowhere answers %d", got)
		}
		status("http://" + pod.address + "/health")
	}
	for range 2 {
		if got := status("http://" + pod.address + "/boom"); got != http.StatusInternalServerError {
			t.Errorf("/boom answers %d", got)
		}
	}
	e.becomes(t, missing, before+5)
	e.becomes(t, failed, 2)
	if got := e.value(fmt.Sprintf(count, "2xx")); got != -1 {
		t.Errorf("%v health checks were counted", got)
	}
	text := e.text()
	_ = e.Process.Signal(syscall.SIGTERM)
	<-e.done
	if got := status("http://" + pod.address + "/nowhere"); got != http.StatusNotFound {
		t.Errorf("without the exporter /nowhere answers %d", got)
	}
	pod.end(t)
	for _, problem := range lint(t, text) {
		t.Error(problem)
	}
}

// lint are the problems that Prometheus' linter has with metrics of Superset.
func lint(t *testing.T, text string) (out []string) {
	t.Helper()
	problems, err := promlint.New(bytes.NewReader([]byte(text))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "superset_") {
			out = append(out, p.Metric+": "+p.Text)
		}
	}
	return out
}

// emitted are words of the source of each release that sends the names of the mapping.
var emitted = []string{
	`"loaded_from_cache"`, `"loaded_from_source"`, `"sqllab.query.time_pending"`, `"sqllab.query.time_executing_query"`, `"sqllab.query.time_fetching_results"`,
	`"error_sqllab_unhandled"`, `"error_failed_at_getting_orm_query"`, `"reports.scheduler"`, `"reports.execute"`, `"reports.prune_log"`,
	`@statsd_gauge("reports.email.send")`, `@statsd_gauge("reports.slack.send")`,
	`f"{self.__class__.__name__}.{func_name}.{action}"`,
}

// TestReleasesSendTheNames: each release sends the names of the mapping. No test has users who
// cause all of them.
func TestReleasesSendTheNames(t *testing.T) {
	for _, r := range []release{v414, v500, v600, v610} {
		var source strings.Builder
		folders, err := filepath.Glob(filepath.Join(environment(t, r), "lib", "python*", "site-packages", "superset"))
		if err != nil || len(folders) != 1 {
			t.Fatalf("%v, %v", folders, err)
		}
		for _, file := range []string{"sql_lab.py", "tasks/scheduler.py", "common/utils/query_cache_manager.py", "reports/notifications/email.py", "reports/notifications/slack.py", "views/base_api.py"} {
			text, err := os.ReadFile(filepath.Join(folders[0], file))
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
		for _, words := range emitted {
			if !strings.Contains(source.String(), words) {
				t.Errorf("Superset %s does not send %s", r.version, words)
			}
		}
	}
}

// startHealth runs the health exporter with the files and the variables of its pod.
func startHealth(t *testing.T, j job, prefix string) *exporter {
	t.Helper()
	port := freePort(t)
	command := j.command(t, "python", program(t, render.HealthFiles), "health", strconv.Itoa(port), "127.0.0.1")
	command.Env = []string{command.Env[0], superset.EnvCacheURL + "=" + j.cache, superset.EnvCacheKeyPrefix + "=" + prefix, "SUPERSET_OPERATOR_PROBE_SECONDS=1"}
	e := &exporter{start(t, "health", command, syscall.SIGTERM), fmt.Sprintf("127.0.0.1:%d", port)}
	e.waitUntil(t, "serving", func() bool { return e.value("superset_celery_probe_success") >= 0 })
	return e
}

// TestHealthExporter counts tasks and workers of a real worker and Redis, with a prefix, while
// the worker ends and Redis is restarted. It also shows that the worker's metrics arrive.
func TestHealthExporter(t *testing.T) {
	const prefix = "bi"
	port := strconv.Itoa(freePort(t))
	redis := serveRedis(t, port, "--port", port, "--requirepass", databasePassword)
	statsd := startStatsd(t, "127.0.0.30")
	j := job{release: v610, database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db"), cache: "redis://:" + databasePassword + "@127.0.0.1:" + port + "/3", statsd: "127.0.0.30"}
	j.extra = []string{superset.EnvCacheKeyPrefix + "=" + prefix}
	e := startHealth(t, j, prefix)
	e.becomes(t, "superset_celery_workers", 0)
	e.becomes(t, `superset_celery_queue_length{queue="celery"}`, 0)

	worker := start(t, "worker", j.command(t, "celery", "--app=superset.tasks.celery_app:app", "worker", "--concurrency=1", "--queues=celery,reports"), syscall.SIGTERM)
	e.becomes(t, "superset_celery_workers", 1)
	e.becomes(t, `superset_celery_queue_length{queue="reports"}`, 0)
	sends := func(task, queue string, n int) {
		t.Helper()
		program := fmt.Sprintf("from superset.tasks.celery_app import app\nfor _ in range(%d): app.send_task(%q, queue=%q, priority=5)", n, task, queue)
		if out, err := j.command(t, "python", "-c", program).CombinedOutput(); err != nil {
			t.Fatalf("sending tasks: %v\n%s", err, out)
		}
	}
	const begun = `superset_report_tasks_total{task="scheduler"}`
	for statsd.value(begun) < 1 { // the first ones may be lost, until the process has found the exporter
		sends("reports.scheduler", "celery", 1)
		time.Sleep(2 * time.Second)
	}
	before := statsd.value(begun)
	sends("reports.scheduler", "celery", 3)
	statsd.becomes(t, begun, before+3)

	_ = worker.Process.Signal(syscall.SIGTERM)
	<-worker.done
	sends("reports.scheduler", "reports", 4)
	e.becomes(t, "superset_celery_workers", 0)
	e.becomes(t, `superset_celery_queue_length{queue="reports"}`, 4)
	for _, problem := range lint(t, e.text()) {
		t.Error(problem)
	}
	_ = redis.Process.Signal(syscall.SIGTERM)
	<-redis.done
	e.becomes(t, "superset_celery_probe_success", 0)
	if got := e.value("superset_celery_workers"); got != -1 {
		t.Errorf("%v workers answer without a broker", got)
	}
	if got := status("http://" + e.address + "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz answers %d", got)
	}
	serveRedis(t, port, "--port", port, "--requirepass", databasePassword)
	e.becomes(t, "superset_celery_probe_success", 1)
	if text := e.log.String(); strings.Contains(text, databasePassword) || !strings.Contains(text, "the broker answers") {
		t.Errorf("the log has a secret, or does not say that the broker answers:\n%s", text)
	}
	memory, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", regexp.MustCompile(`VmHWM:.*`).Find(memory))
}
