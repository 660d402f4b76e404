// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receive returns the datagrams that arrive on the StatsD port of a loopback address, until one
// has the text "superset.end:1|c".
func receive(t *testing.T, address string) func() []string {
	t.Helper()
	conn, err := net.ListenPacket("udp", fmt.Sprintf("%s:%d", address, StatsdPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return func() (got []string) {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		for buffer := make([]byte, 1<<16); ; {
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				t.Fatalf("%v; received %q", err, got)
			}
			if string(buffer[:n]) == "superset.end:1|c" {
				return got
			}
			got = append(got, string(buffer[:n]))
		}
	}
}

// loads runs a program that begins with the names of the rendered file.
func loads(t *testing.T, raw, host, program string) (string, error) {
	t.Helper()
	text, err := Render(Config{Statsd: true, Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, content := range modules {
		write(t, filepath.Join(folder, name), content)
	}
	write(t, filepath.Join(folder, ConfigFile), text)
	command := python(t, "-c", "import os, time\nfrom superset_config import *\n"+program)
	command.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONDONTWRITEBYTECODE=1",
		EnvSecretKey+"="+secretKey, EnvDatabaseURI+"="+databaseURI, EnvStatsdHost+"="+host)
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// untilFound sends the first metrics, which are lost until the host was looked up.
const untilFound = `
import superset_config
while not superset_config.operator_statsd_sender.target:
    STATS_LOGGER.incr("lost")
    time.sleep(0.01)
`

// The logger of the rendered file sends what Superset counts and measures, and the results of
// reports as counters. A name that would be another metric is not sent. A forked process sends
// too.
func TestStatsLogger(t *testing.T) {
	received := receive(t, "127.0.0.8")
	out, err := loads(t, "", "127.0.0.8", untilFound+`
STATS_LOGGER.incr("reports.execute")
STATS_LOGGER.decr("a")
STATS_LOGGER.timing("ChartRestApi.data.time", 12.5)
STATS_LOGGER.gauge("rows", 7)
STATS_LOGGER.gauge("reports.email.send.ok", 1)
for name in ("a\nb:1|c", "a:1|c", "", "é", "x" * 201, None):
    STATS_LOGGER.incr(name)
if os.fork() == 0:
    assert superset_config.operator_statsd_sender.target is None
    while not superset_config.operator_statsd_sender.target:
        STATS_LOGGER.incr("lost")
        time.sleep(0.01)
    STATS_LOGGER.incr("child")
    os._exit(0)
os.wait()
STATS_LOGGER.incr("end")
`)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{
		"superset.reports.execute:1|c", "superset.a:-1|c", "superset.ChartRestApi.data.time:12.5|ms", "superset.rows:7|g",
		"superset.reports.email.send.ok:1|c", "superset.child:1|c",
	}
	var got []string
	for _, one := range received() {
		if one != "superset.lost:1|c" {
			got = append(got, one)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A host that is looked up for a minute takes no time. The user's own logger stays, and
// without a host there is none.
func TestStatsLoggerIsOptional(t *testing.T) {
	out, err := loads(t, "", "no-such-host.invalid", `
import socket
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
began = time.monotonic()
for _ in range(3):
    STATS_LOGGER.incr("a")
print(time.monotonic() - began < 50)
`)
	if err != nil || out != "True" {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = loads(t, "STATS_LOGGER = 'own'", "no-such-host.invalid", "print(STATS_LOGGER)"); err != nil || out != "own" {
		t.Errorf("the user's logger: %v\n%s", err, out)
	}
	if out, err = loads(t, "", "", "print('STATS_LOGGER' in globals())"); err != nil || out != "False" {
		t.Errorf("without a host: %v\n%s", err, out)
	}
}
