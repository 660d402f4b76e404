// SPDX-License-Identifier: Apache-2.0

//go:build prometheus

package integration

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/components"
	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// Pods of simulated nodes do not run, so that this is what they would send and answer. The StatsD
// exporter, its mapping and the server of the health exporter are real; TestExporters and
// TestHealthExporter in test/scripts have the metrics of real releases.

// load is what a Superset sends as StatsD each 50 ms, by how often: each time, or each n-th time.
var load = map[string]int{
	"web.request.2xx:40|ms": 1, "web.request.2xx:700|ms": 9, "web.request.4xx:12|ms": 7, "web.request.5xx:2400|ms": 40,
	"ChartRestApi.data.success:1|c": 2, "ChartRestApi.data.warning:1|c": 15, "DashboardRestApi.get.error:1|c": 60,
	"loaded_from_cache:1|c": 2, "loaded_from_source:1|c": 5,
	"sqllab.query.time_pending:90|ms": 10, "sqllab.query.time_executing_query:1800|ms": 10, "sqllab.query.time_fetching_results:300|ms": 10,
	"error_sqllab_unhandled:1|c": 80,
	"reports.scheduler:1|c":      30, "reports.execute:1|c": 40, "reports.email.send.ok:1|c": 50, "reports.slack.send.error:1|c": 90,
}

// healthServer serves what a look at a broker with two workers has found.
const healthServer = `
import sys, time
sys.path.insert(0, sys.argv[1])
from superset_job.jobs import health

class Known:
    @property
    def seen(self):
        return health.Seen(0.012, time.time(), 2, {"celery": int(time.time()) % 7, "reports": 1})

health._Server(("127.0.0.1", int(sys.argv[2])), health._handler(Known())).serve_forever()
`

// startExporters starts the exporters of spec.monitoring and returns their addresses.
func startExporters(t *testing.T) (statsd, health string) {
	t.Helper()
	build := exec.Command("go", "tool", "-modfile=hack/statsd.mod", "-n", "statsd_exporter")
	build.Dir = filepath.Join("..", "..")
	program, err := build.Output()
	must(t, err)
	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	must(t, os.WriteFile(mapping, []byte(components.StatsdMapping), 0o600))
	receiver, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	to := receiver.LocalAddr().String()
	must(t, receiver.Close())
	statsd, err = shipped.FreeAddress()
	must(t, err)
	run(t, exec.Command(strings.TrimSpace(string(program)), "--statsd.mapping-config="+mapping, "--statsd.listen-udp="+to, "--statsd.listen-tcp=",
		"--web.listen-address="+statsd), statsd)
	go sendLoad(t, to)

	health, err = shipped.FreeAddress()
	must(t, err)
	_, port, err := net.SplitHostPort(health)
	must(t, err)
	run(t, exec.Command("python3", "-B", "-c", healthServer, filepath.Join("..", "..", "internal", "migrations", "scripts"), port), health)
	return statsd, health
}

// run starts a program, waits until it serves metrics, and ends it with the test.
func run(t *testing.T, command *exec.Cmd, address string) {
	t.Helper()
	command.Stderr = os.Stderr
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	eventually(t, command.Path+" to serve metrics", func() bool {
		response, err := http.Get("http://" + address + "/metrics")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
}

func sendLoad(t *testing.T, to string) {
	connection, err := net.Dial("udp", to)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = connection.Close() }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		for line, every := range load {
			if n%every == 0 {
				_, _ = fmt.Fprint(connection, "superset."+line)
			}
		}
		select {
		case <-t.Context().Done():
			return
		case <-tick.C:
		}
	}
}
