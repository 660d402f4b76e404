// SPDX-License-Identifier: Apache-2.0

//go:build prometheus

package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// server is a real Prometheus that scrapes the operator, and the exporters of one Superset, each
// second.
type server struct {
	address string
	begun   time.Time
}

// startPrometheus starts it with the shipped alerts, and with exporters for a Superset. The alerts
// fire at once: their times are those of promtool's tests.
func startPrometheus(t *testing.T, f *fixture) *server {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("this test needs Prometheus: apt-get install prometheus (%v)", err)
	}
	dir := t.TempDir()
	rules, err := os.ReadFile(filepath.Join(monitoring, "rules", "superset-operator.rules.yaml"))
	must(t, err)
	atOnce := regexp.MustCompile(`(?m)^    for: .*$`).ReplaceAllString(string(rules), "    for: 0s")
	if atOnce == string(rules) {
		t.Fatal("the rules have no times")
	}
	must(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(atOnce), 0o600))
	statsd, health := startExporters(t)
	must(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), fmt.Appendf(nil, `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- {job_name: superset-operator, honor_labels: true, static_configs: [{targets: [%q]}]}
- {job_name: superset, static_configs: [{targets: [%q, %q], labels: {namespace: %q, name: bi}}]}
`, operator.metrics, statsd, health, f.ns), 0o600))
	address, err := shipped.FreeAddress()
	must(t, err)
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	command := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	command.Stdout, command.Stderr = log, log
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	p := &server{address: address, begun: time.Now()}
	eventually(t, "Prometheus to scrape the operator", func() bool {
		return len(p.query(t, "superset_operator_slots_taken", time.Now())) > 0
	})
	return p
}

// result is one series of an answer.
type result struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
}

// get asks Prometheus; nil while it starts.
func (p *server) get(t *testing.T, path string, values url.Values) []result {
	t.Helper()
	response, err := http.Get("http://" + p.address + "/api/v1/" + path + "?" + values.Encode())
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusServiceUnavailable { // it starts
		return nil
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []result }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("Prometheus answers %d to %s: %s %v", response.StatusCode, values.Get("query"), answer.Error, err)
	}
	return answer.Data.Result
}

func (p *server) query(t *testing.T, expr string, at time.Time) []result {
	t.Helper()
	return p.get(t, "query", url.Values{"query": {expr}, "time": {unix(at)}})
}

// during are the values since Prometheus has started, or between two times.
func (p *server) during(t *testing.T, expr string, from, to time.Time, step string) []result {
	t.Helper()
	return p.get(t, "query_range", url.Values{"query": {expr}, "start": {unix(from)}, "end": {unix(to)}, "step": {step}})
}

func unix(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }

// firing are the alerts of a Superset, as name and severity.
func (p *server) firing(t *testing.T, ns string) []string {
	t.Helper()
	out := []string{}
	for _, r := range p.query(t, fmt.Sprintf(`ALERTS{alertstate="firing", namespace=%q}`, ns), time.Now()) {
		out = append(out, r.Metric["alertname"]+" "+r.Metric["severity"])
	}
	slices.Sort(out)
	return out
}

// A Superset of each kind of end, and what fires for it.
var ends = map[string]struct {
	edits []func(*v1alpha1.Superset)
	end   func(*fixture)
	fires []string
}{
	"passes":  {edits(version("6.0.0"), backedUp), func(f *fixture) { f.ready("6.0.0") }, []string{}},
	"refused": {edits(version("7.0.0")), func(f *fixture) { f.phase(v1alpha1.PhaseFailed) }, []string{"SupersetUpgradeFailed warning", "SupersetVersionUnsupported warning"}},
	"rolls back": {edits(version("6.0.0"), tag("6.0.0-verify-fails")), func(f *fixture) { f.rolledBack("5.0.0") },
		[]string{"SupersetSchemaOutOfSync warning", "SupersetUpgradeRolledBack warning"}},
	"fails": {edits(version("6.0.0"), tag("6.0.0-verify-fails"), hold), func(f *fixture) { f.phase(v1alpha1.PhaseFailed) }, []string{"SupersetUpgradeFailed critical"}},
	"waits": {edits(version("6.0.0"), approval(v1alpha1.ApprovalAlways)), func(f *fixture) { f.waitAtGate(v1alpha1.ConditionAwaitingApproval) }, []string{"SupersetUpgradeWaiting info"}},
	"blocked": {edits(version("6.0.0"), tag("6.0.0-unpullable")), func(f *fixture) {
		f.until("blocked", func(s *v1alpha1.Superset) bool {
			return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonBlocked
		})
	}, []string{"SupersetUpgradeBlocked warning"}},
	"stuck": {edits(version("6.0.0"), tag("6.0.0-migrate-hangs"), deadlines(v1alpha1.Deadlines{Migrate: lasts(20 * time.Second)})), func(f *fixture) {
		f.until("overdue", func(s *v1alpha1.Superset) bool {
			return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonOverdue
		})
	}, []string{"SupersetUpgradeStuck critical"}},
}

// A real Prometheus reads the operator through upgrades that pass, fail, are rolled back, wait
// and are stuck: the alerts that should fire do, and no other; each query of the dashboards
// returns data; the phases are those of the status.
//
// With a folder in PICTURES it writes the pictures of the dashboards.
func TestPrometheus(t *testing.T) {
	electLeader(t)
	all := map[string]*fixture{}
	for name := range ends {
		all[name] = newFixture(t)
	}
	p := startPrometheus(t, all["passes"])
	for name := range ends {
		all[name].create("5.0.0", slow(3*time.Second))
	}
	for name, f := range all {
		f.ready("5.0.0")
		f.edit(ends[name].edits...)
	}
	for name, f := range all {
		ends[name].end(f)
	}
	for name, f := range all {
		want, got := ends[name].fires, []string(nil)
		eventually(t, "the alerts of the one that "+name, func() bool {
			got = p.firing(t, f.ns)
			return cmp.Equal(want, got)
		})
	}
	time.Sleep(5 * time.Second) // no other alert fires later
	for name, f := range all {
		if diff := cmp.Diff(ends[name].fires, p.firing(t, f.ns)); diff != "" {
			t.Errorf("alerts of the one that %s (-want +got):\n%s", name, diff)
		}
	}
	for _, never := range []string{"SupersetTwoSchedulers", "SupersetMigratedWithoutBackup", "SupersetRollbackFailed"} {
		if got := p.during(t, fmt.Sprintf(`ALERTS{alertname=%q}`, never), p.begun, time.Now(), "1s"); len(got) > 0 {
			t.Errorf("%s has fired: %v", never, got)
		}
	}
	p.timeline(t, all["passes"])
	at := upgradeAgain(all["passes"])
	p.panels(t)
	if folder := os.Getenv("PICTURES"); folder != "" {
		p.pictures(t, folder, all["passes"], at)
	}
}

// timeline compares the phases that Prometheus has seen with those of the status, within one
// scrape and the second to which the status rounds.
func (p *server) timeline(t *testing.T, f *fixture) {
	t.Helper()
	const tolerance = 3 * time.Second
	compared := 0
	for _, phase := range f.get().Status.Upgrade.Phases {
		if phase.Seconds == nil || *phase.Seconds < 2 {
			continue
		}
		compared++
		from, to := phase.StartedAt.Time, phase.StartedAt.Add(time.Duration(*phase.Seconds)*time.Second)
		series := p.during(t, fmt.Sprintf(`superset_operator_upgrade_phase{namespace=%q, phase=%q} == 1`, f.ns, phase.Phase), from.Add(-tolerance), to.Add(tolerance), "1s")
		if len(series) != 1 {
			t.Errorf("%s was seen in %d series", phase.Phase, len(series))
			continue
		}
		seen := series[0].Values
		first, last := time.Unix(int64(seen[0][0].(float64)), 0), time.Unix(int64(seen[len(seen)-1][0].(float64)), 0)
		if first.Sub(from).Abs() > tolerance || last.Sub(to).Abs() > tolerance {
			t.Errorf("%s was seen from %s to %s, and lasted from %s to %s", phase.Phase, first, last, from, to)
		}
	}
	if compared < 3 {
		t.Errorf("only %d phases are long enough", compared)
	}
}

// electLeader restarts the operator with leader election, until the test ends.
func electLeader(t *testing.T) {
	t.Helper()
	before := operator.flags
	operator.flags = append(slices.Clone(before), "-leader-elect", "-leader-election-namespace=superset-operator-system")
	t.Cleanup(func() {
		operator.flags = before
		operator.restart(t)
	})
	operator.restart(t)
}

// upgradeAgain upgrades one that was upgraded before, and returns a time in the middle of it.
// The run has an estimate: it is the second one of its kind.
func upgradeAgain(f *fixture) time.Time {
	f.t.Helper()
	f.edit(version("6.1.0"))
	s := f.ready("6.1.0")
	for _, phase := range s.Status.Upgrade.Phases {
		if phase.Phase == v1alpha1.PhaseUpgradeWorkers {
			return phase.StartedAt.Add(time.Second)
		}
	}
	f.t.Fatalf("the phases of the second upgrade are %v", s.Status.Upgrade.Phases)
	return time.Time{}
}
