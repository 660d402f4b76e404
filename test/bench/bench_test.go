// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/test/operator"
)

func TestParse(t *testing.T) {
	b, err := parse([]string{"-n", "5,20", "-parts", "fleet,foreign", "-env", "GOGC=50", "-env", "GODEBUG=x=1"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(b.sizes, b.parts, b.env); got != "[5 20] [fleet foreign] [GOGC=50 GODEBUG=x=1]" {
		t.Errorf("got %s", got)
	}
	if b, err = parse([]string{"-thousand"}, io.Discard); err != nil || fmt.Sprint(b.sizes, b.parts) != "[1000] [fleet]" {
		t.Errorf("-thousand: %v %v %v", b.sizes, b.parts, err)
	}
	for _, c := range []struct{ args, want string }{
		{"-n=0", "write 1 or more"}, {"-n=5,", "write 1 or more"}, {"-parts=all", `unknown part "all"`},
		{"-few=0", "at least 1"}, {"-failovers=0", "at least 1"}, {"twice", "flags only"},
	} {
		if _, err := parse([]string{c.args}, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.args, err, c.want)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	line := func(user, stage, verb, uri, resource, subresource string, code int) string {
		ref := ""
		if resource != "" {
			ref = fmt.Sprintf(`,"objectRef":{"resource":%q,"subresource":%q}`, resource, subresource)
		}
		return fmt.Sprintf(`{"stage":%q,"requestURI":%q,"verb":%q,"user":{"username":%q},"responseStatus":{"code":%d}%s}`+"\n", stage, uri, verb, user, code, ref)
	}
	const done = "ResponseComplete"
	us := operator.User
	path := filepath.Join(t.TempDir(), "audit.log")
	text := line(us, done, "patch", "/", "supersets", "status", 200) +
		line(us, done, "patch", "/", "supersets", "status", 200) +
		line(us, done, "patch", "/", "supersets", "status", 409) +
		line(us, done, "create", "/", "jobs", "", 201) +
		line(us, done, "create", "/", "events", "", 201) +
		line(us, done, "update", "/", "leases", "", 200) +
		line(us, done, "get", "/", "leases", "", 200) +
		line(us, done, "list", "/api/v1/pods?limit=500", "pods", "", 200) +
		line(us, done, "list", "/api/v1/pods?limit=500&continue=x", "pods", "", 200) +
		line(us, done, "get", "/version", "", "", 200) +
		line(us, "ResponseStarted", "watch", "/", "pods", "", 200) +
		line(us, done, "watch", "/", "pods", "", 200) +
		line("admin", done, "create", "/"+us, "pods", "", 201)
	if err := os.WriteFile(path, []byte(text+`{"stage":"Resp`), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &auditLog{path: path}
	got, err := a.next()
	want := requests{writes: 3, events: 1, reads: 1, pages: 1, discovery: 1, watches: 1, rejected: 1, sites: map[string]int{"patch supersets/status": 2, "create jobs": 1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(requests{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// The second look goes on where the first ended: before the line that was not complete.
	if err := os.WriteFile(path, []byte(text+line(us, done, "delete", "/", "jobs", "", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err = a.next()
	if diff := cmp.Diff(requests{writes: 1, sites: map[string]int{"delete jobs": 1}}, got, cmp.AllowUnexported(requests{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestCPU(t *testing.T) {
	got, err := parseStat("42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 20 0 1")
	if err != nil || got != 2*time.Second {
		t.Errorf("got %v, %v; want 150 and 50 ticks of 10 ms", got, err)
	}
	for _, stat := range []string{"", "42 (a) S 1", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x 50 13"} {
		if _, err := parseStat(stat); err == nil {
			t.Errorf("%q: no error", stat)
		}
	}
	if used, err := cpuOf(os.Getpid()); err != nil || used < 0 {
		t.Errorf("this process: %v, %v", used, err)
	}
	c := cpuTimes{nameOperator: 4 * time.Second, "etcd": 16 * time.Second, nameBench: time.Hour}
	if got := c.since(cpuTimes{nameOperator: time.Second, "etcd": 4 * time.Second}).share(); got != 0.2 {
		t.Errorf("share %v, want 3 of 15 s", got)
	}
	if got := (cpuTimes{nameBench: time.Hour}).share(); got != 0 {
		t.Errorf("share of nothing: %v", got)
	}
}

func TestQuantile(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(all, q); got != want {
			t.Errorf("%v: got %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestSlope(t *testing.T) {
	of := func(n, kib int, shared bool) *fleet {
		return &fleet{n: n, shared: shared, upgrade: cost{memory: kib}}
	}
	if got, ok := slope([]*fleet{of(100, 2000, true), of(20, 1200, true), of(100, 9000, false)}); !ok || got != 10 {
		t.Errorf("got %v, %v; want 800 KiB for 80 Supersets", got, ok)
	}
	if _, ok := slope([]*fleet{of(100, 2000, true), of(100, 2000, false)}); ok {
		t.Error("a slope from one size")
	}
}

func TestDecisionsAreRead(t *testing.T) {
	got, err := parseDecisions("goos: linux\nBenchmarkDecide/Ready_at_rest-2   2000   1414 ns/op   256 B/op   4 allocs/op\nBenchmarkDecide/Pending \t 2000\t 13.5 ns/op\t 0 B/op\t 0 allocs/op\nPASS\n")
	want := []decision{{"Ready_at_rest", 1414, 4}, {"Pending", 13.5, 0}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(decision{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := parseDecisions("PASS"); err == nil {
		t.Error("no figures, and no error")
	}
}

func TestManifestIsRead(t *testing.T) {
	m, err := readManifest()
	if want := fmt.Sprintf("MEMORY_LIMIT=%d", m.resources.Limits.Memory().Value()); err != nil || m.resources.Limits.Memory().IsZero() || !slices.Contains(m.environment, want) {
		t.Errorf("got %+v, %v; want %s", m, err, want)
	}
	if _, err := parseManifest([]byte("spec: {template: {spec: {containers: [{name: a, env: [{name: X, valueFrom: {}}]}]}}}")); err == nil {
		t.Error("a variable with an unknown value is accepted")
	}
}

// Every table is written, and only from what was measured.
func TestPage(t *testing.T) {
	c := cost{took: 2 * time.Second, cpu: cpuTimes{nameOperator: time.Second}, requests: requests{writes: 52, events: 14, sites: map[string]int{"create jobs": 6}}, memory: 90 << 10, peak: 100 << 10}
	f := &fleet{n: 2, shared: true, empty: 40 << 10, install: c, upgrade: c, idle: c, again: c, upgraded: []phaseTime{{"Verify", 3 * time.Second, time.Second}}}
	r := &results{fleets: []*fleet{f}, decide: []decision{{"Ready", 1000, 0}},
		failover: &failover{n: 3, gaps: map[string][]time.Duration{"SIGTERM": {time.Second}}, duplicates: 7}, foreign: &foreign{n: 4}}
	text := r.markdown()
	for _, part := range []string{
		"| operator CPU per upgrade, ms | 500 |", "| API writes per upgrade (of which events) | 33.0 (7.0) |", "| create jobs | 3.00 |",
		"| Verify | – | 1000 / 1000 of 3000 |", "| SIGTERM | 1 | 1.0 | 1.0 | 1.0 |", "**7**", "4 Supersets in a namespace", "| Ready | 0 | 1.00 |",
		"| resident memory after the upgrade (highest until then), MiB | 90 (100) |", "issue 18",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the page has no %q:\n%s", part, text)
		}
	}
	if text := (&results{ended: context.DeadlineExceeded}).markdown(); !strings.Contains(text, "ended early") || strings.Contains(r.markdown(), "ended early") {
		t.Errorf("the end of the run is not told:\n%s", text)
	}
	if text := (&results{}).markdown(); strings.Contains(text, "## By number") || strings.Contains(text, "## Failover") {
		t.Errorf("tables without figures:\n%s", text)
	}
}
