// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/operator"
)

// errNoPrometheus has Debian's command.
var errNoPrometheus = errors.New("prometheus is missing: apt-get install prometheus (-prometheus needs it)")

// findPrometheus returns the path of Prometheus.
func findPrometheus() (string, error) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		return "", errNoPrometheus
	}
	return program, nil
}

// waits are the waiting times of the shipped alerts.
var waits = regexp.MustCompile(`(?m)^(    for: \d+)([mh])$`)

// shortened are the rules with waiting times that fit into the demo: minutes become seconds,
// and hours become minutes. Days stay.
func shortened(rules string) string {
	return waits.ReplaceAllStringFunc(rules, func(line string) string {
		match := waits.FindStringSubmatch(line)
		return match[1] + map[string]string{"m": "s", "h": "m"}[match[2]]
	})
}

// startPrometheus starts a Prometheus that is stopped together with the cluster.
func (d *demo) startPrometheus(ctx context.Context) error {
	if d.prometheus == "" {
		return nil
	}
	d.title("Prometheus")
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	rules, err := os.ReadFile(filepath.Join(root, "config/monitoring/rules/superset-operator.rules.yaml"))
	if err != nil {
		return fmt.Errorf("reading the alerts: %w", err)
	}
	dir := filepath.Join(d.cluster.Dir, "prometheus")
	config := fmt.Sprintf(`global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- {job_name: superset-operator, honor_labels: true, static_configs: [{targets: [%q]}]}
`, d.metrics)
	for name, content := range map[string]string{"rules.yaml": shortened(string(rules)), "prometheus.yaml": config} {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)); err != nil {
			return fmt.Errorf("configuring Prometheus: %w", err)
		}
	}
	if d.monitor.address, err = operator.FreeAddress(); err != nil {
		return err
	}
	if err := d.cluster.Run("prometheus", d.prometheus, "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+d.monitor.address); err != nil {
		return err
	}
	if err := d.monitor.scrapes(ctx, func() error { return d.alive("prometheus") }); err != nil {
		return err
	}
	d.text("Prometheus reads the operator each second and evaluates the alerts of config/monitoring. In its copy of them the waiting times are shorter: minutes are seconds, and hours are minutes.")
	d.line("\n  http://%s", d.monitor.address)
	return nil
}

// monitor asks a Prometheus.
type monitor struct{ address string }

// series is one series of an answer, with its values as pairs of a time and a text.
type series struct {
	Metric map[string]string
	Values [][2]any
}

// scrapes waits until the operator was read. It gives up after half a minute, or when alive
// returns an error.
func (m monitor) scrapes(ctx context.Context, alive func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		found, err := m.during(ctx, "superset_operator_slots_taken", time.Now().Add(-5*time.Second), time.Now())
		if err == nil && len(found) > 0 {
			return nil
		}
		if dead := alive(); dead != nil {
			return dead
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for Prometheus to read the operator: %w", errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// during returns the values of a query between two times, one for each second.
func (m monitor) during(ctx context.Context, query string, from, to time.Time) ([]series, error) {
	values := url.Values{"query": {query}, "start": {from.UTC().Format(time.RFC3339)}, "end": {to.UTC().Format(time.RFC3339)}, "step": {"1s"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.address+"/api/v1/query_range?"+values.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Error string
		Data  struct{ Result []series }
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking Prometheus: status %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading the answer of Prometheus: %w", err)
	}
	return answer.Data.Result, nil
}

// fired is an alert that has fired, and when it did first and last.
type fired struct {
	alert, severity string
	first, last     time.Time
}

// fired returns the alerts that have fired since a time, in the order of their times.
func (m monitor) fired(ctx context.Context, since time.Time) ([]fired, error) {
	found, err := m.during(ctx, `max by (alertname, severity) (ALERTS{alertstate="firing"})`, since, time.Now())
	if err != nil {
		return nil, err
	}
	var out []fired
	for _, s := range found {
		first, ok := s.Values[0][0].(float64)
		last, also := s.Values[len(s.Values)-1][0].(float64)
		if !ok || !also {
			return nil, fmt.Errorf("reading the answer of Prometheus: the times of %v are no numbers", s.Metric)
		}
		out = append(out, fired{s.Metric["alertname"], s.Metric["severity"], time.Unix(int64(first), 0), time.Unix(int64(last), 0)})
	}
	slices.SortFunc(out, func(a, b fired) int {
		if c := a.first.Compare(b.first); c != 0 {
			return c
		}
		return strings.Compare(a.alert, b.alert)
	})
	return out, nil
}

// waitForAlert waits until the alert of a step fires. It gives up after a minute.
func (d *demo) waitForAlert(ctx context.Context, s step) error {
	if d.prometheus == "" || s.alert == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for since := time.Now(); ; {
		all, err := d.monitor.fired(ctx, since)
		if err == nil && slices.ContainsFunc(all, func(f fired) bool { return f.alert == s.alert }) {
			d.line("")
			d.text("The alert %s fires: docs/runbooks/%s.md says what to do.", s.alert, s.alert)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the alert %s: %w", s.alert, errors.Join(ctx.Err(), err))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// worth are queries that show the demo.
var worth = []struct{ what, query string }{
	{"phases", `max by (name, phase) (superset_operator_upgrade_phase) == 1`},
	{"pods by tier and version", `max by (tier, version) (superset_operator_tier_pods)`},
	{"time left of a run", `max by (name) (superset_operator_upgrade_estimated_completion_timestamp_seconds) - time() > -60`},
	{"working time by phase, p95", `histogram_quantile(0.95, sum by (le, phase) (superset_operator_upgrade_phase_working_seconds_bucket))`},
	{"alerts", `ALERTS`},
}

// link opens the graph of a query over the last quarter of an hour.
func (m monitor) link(query string) string {
	return "http://" + m.address + "/graph?" + url.Values{"g0.expr": {query}, "g0.tab": {"0"}, "g0.range_input": {"15m"}}.Encode()
}

// monitoring lists the alerts that have fired, and links to graphs.
func (d *demo) monitoring(ctx context.Context) error {
	if d.prometheus == "" {
		return nil
	}
	all, err := d.monitor.fired(ctx, d.begun)
	if err != nil {
		return err
	}
	d.title("Alerts")
	d.line("%-32s %-9s %9s %9s   %s", "alert", "severity", "from", "to", "step")
	for _, f := range all {
		d.line("%-32s %-9s %9s %9s   %s", f.alert, f.severity, seconds(f.first.Sub(d.begun)), seconds(f.last.Sub(d.begun)), d.stepAt(f.first))
	}
	d.line("")
	d.text("SupersetSchemaOutOfSync fires a minute after the last step: 5.0.0 runs on the schema of 6.0.0. docs/runbooks has a page for each alert. Graphs:")
	for _, w := range worth {
		d.line("\n  %s\n    %s", w.what, d.monitor.link(w.query))
	}
	d.line("\n  alerts: http://%s/alerts   everything else: http://%s", d.monitor.address, d.monitor.address)
	return nil
}

// stepAt is the title of the step that was under way at a time.
func (d *demo) stepAt(at time.Time) string {
	title := "-"
	for i, begun := range d.stepsBegun {
		if !at.Before(begun.Truncate(time.Second)) {
			title = fmt.Sprintf("%d. %s", i+1, steps[i].title)
		}
	}
	return title
}
