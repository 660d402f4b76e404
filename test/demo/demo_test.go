// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func TestCompare(t *testing.T) {
	before := snapshot{
		jobs:       map[string]jobState{"bi-migrate-1": {"migrate", "succeeded"}, "bi-migrate-2": {"migrate", "runs"}},
		components: map[string]componentState{"scheduler": {"5.0.0", "Hold"}, "web": {"5.0.0", "Serve"}, "worker": {"5.0.0", "Hold"}},
		pods:       map[types.UID]string{"a": "web", "b": "web"},
	}
	after := snapshot{
		jobs: map[string]jobState{
			"bi-migrate-1": {"migrate", "succeeded"}, "bi-migrate-2": {"migrate", "succeeded"}, "bi-verify-2": {"verify", "failed"},
		},
		components: map[string]componentState{"scheduler": {"5.0.0", "Serve"}, "web": {"6.0.0", "Serve"}, "worker": {"6.0.0", "Hold"}},
		pods:       map[types.UID]string{"b": "web", "c": "web", "d": "web", "e": "scheduler"},
	}
	c := compare(before, after)
	want := []string{
		"scheduler released; worker 5.0.0 to 6.0.0, still held; web 5.0.0 to 6.0.0",
		"pods: scheduler +1; web +2 -1",
		"Job bi-migrate-2 succeeded; Job bi-verify-2 failed",
	}
	if diff := cmp.Diff(want, c.lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if c.jobsCreated != 1 || c.written != 3 {
		t.Errorf("%d Jobs created and %d components changed, want 1 and 3", c.jobsCreated, c.written)
	}
	same := compare(after, after)
	if lines := same.lines(); len(lines) != 0 {
		t.Errorf("lines for two equal snapshots: %q", lines)
	}
}

func TestDescribeChange(t *testing.T) {
	none := componentState{}
	for _, c := range []struct {
		was, is componentState
		want    string
	}{
		{none, componentState{"5.0.0", "Serve"}, "created at 5.0.0"},
		{none, componentState{"5.0.0", "Hold"}, "created at 5.0.0, held"},
		{componentState{"5.0.0", "Serve"}, none, "removed"},
		{componentState{"5.0.0", "Serve"}, componentState{"5.0.0", "Hold"}, "held"},
		{componentState{"5.0.0", "Hold"}, componentState{"6.0.0", "Serve"}, "5.0.0 to 6.0.0, released"},
	} {
		if got := describeChange(c.was, c.is); got != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.was, c.is, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	want := []string{"two words", "a-word-that-is-too-long", "end"}
	if diff := cmp.Diff(want, wrap("two  words a-word-that-is-too-long end", 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestShellLine(t *testing.T) {
	if got, want := shellLine("kubectl", []string{"patch", "-p", `{"a":1}`}), `kubectl patch -p '{"a":1}'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// withStatus returns a Superset with a status as the operator writes it.
func withStatus(phase v1alpha1.Phase, version string, available metav1.ConditionStatus) *v1alpha1.Superset {
	s := &v1alpha1.Superset{}
	s.Status.Phase, s.Status.Version = phase, version
	s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAvailable, Status: available}}
	return s
}

func TestUnservedTime(t *testing.T) {
	f := &follower{}
	start := time.Unix(1000, 0)
	for second, available := range []metav1.ConditionStatus{"True", "False", "False", "True", "True", "False", "True"} {
		f.trackAvailability(withStatus("Validate", "5.0.0", available), start.Add(time.Duration(second)*time.Second))
	}
	if f.unserved != 3*time.Second {
		t.Errorf("unserved for %s, want 3 s", f.unserved)
	}
}

func TestStepEnd(t *testing.T) {
	f := &follower{outcome: outcome{step: step{ends: v1alpha1.PhaseRolledBack, runs: "5.0.0"}}}
	for _, c := range []struct {
		s             *v1alpha1.Superset
		ended, failed bool
	}{
		{withStatus("Rollback", "5.0.0", "True"), false, false},
		{withStatus("RolledBack", "5.0.0", "True"), true, false},
		{withStatus("RolledBack", "6.0.0", "True"), true, true},
		{withStatus("Ready", "5.0.0", "True"), true, true},
		{withStatus("Failed", "5.0.0", "True"), true, true},
	} {
		ended, err := f.finished(c.s)
		if ended != c.ended || (err != nil) != c.failed {
			t.Errorf("%s at %s: ended %t, error %v", c.s.Status.Phase, c.s.Status.Version, ended, err)
		}
	}
}

func TestLineLayout(t *testing.T) {
	var out bytes.Buffer
	n := narrator{out: &out}
	n.enters(12340*time.Millisecond, v1alpha1.PhaseUpgradeScheduler, strings.Repeat("word ", 40))
	n.changed([]string{strings.Repeat("other ", 40)})
	for i, line := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		if len(line) > width {
			t.Errorf("line %d has %d characters", i, len(line))
		}
		if i > 0 && strings.TrimSpace(line[:margin]) != "" {
			t.Errorf("line %d is not aligned: %q", i, line)
		}
	}
}

// The logger of controller-runtime is set before anything is logged: 30 seconds after the start
// it would print a stack trace into the demo. The first logger that is set stays.
func TestLoggerIsSet(t *testing.T) {
	if code := run(t.Context(), []string{"-no-such-flag"}); code != 2 {
		t.Fatalf("exit code %d, want 2", code)
	}
	var late bytes.Buffer
	log.SetLogger(funcr.New(func(_, args string) { late.WriteString(args) }, funcr.Options{}))
	log.Log.Info("logged")
	if late.Len() > 0 {
		t.Errorf("no logger was set: %s", late.String())
	}
}

// The alerts of the demo are shipped ones, and their waiting times fit into it.
func TestShortenedAlerts(t *testing.T) {
	rules, err := os.ReadFile("../../config/monitoring/rules/superset-operator.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	short := shortened(string(rules))
	for alert, want := range map[string]string{"SupersetUpgradeRolledBack": "1s", "SupersetSchemaOutOfSync": "1m", "SupersetUpgradeWaiting": "24m", "SupersetUpgradeOutsideWindow": "8d"} {
		_, after, found := strings.Cut(short, "- alert: "+alert+"\n")
		_, waits, _ := strings.Cut(after, "\n    for: ")
		if waits, _, _ = strings.Cut(waits, "\n"); !found || waits != want {
			t.Errorf("%s waits for %q, want %s", alert, waits, want)
		}
	}
	for _, s := range steps {
		if s.alert != "" && !strings.Contains(short, "- alert: "+s.alert+"\n    annotations") {
			t.Errorf("step %s: there is no alert %s", s.title, s.alert)
		}
	}
}

// Without Prometheus the demo ends before it starts anything.
func TestPrometheusIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	if code := run(t.Context(), []string{"-prometheus", "-dir", dir}); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%d files in the folder of the cluster, %v", len(files), err)
	}
}
