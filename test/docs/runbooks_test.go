// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/metrics"
)

var (
	runbooks = filepath.Join(root, "docs", "runbooks")
	sections = []string{"What it means", "What users feel", "What to look at", "What to do", "How to prevent it"}
	heading  = regexp.MustCompile(`(?m)^## (.+)$`)
)

// alerts are the names of the alerts that are shipped, in order.
func alerts(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config", "monitoring", "rules", "superset-operator.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			out = append(out, rule.Alert)
		}
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) < 10 {
		t.Fatalf("%d alerts", len(out))
	}
	return out
}

// Each alert has a runbook with the same sections and a line in the list, and each runbook has
// an alert.
func TestRunbooks(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(runbooks, "Superset*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range pages {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		got = append(got, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, match := range heading.FindAllStringSubmatch(string(content), -1) {
			found = append(found, match[1])
		}
		if diff := cmp.Diff(sections, found); diff != "" || !strings.HasPrefix(string(content), "# "+name+"\n") {
			t.Errorf("%s has another title or other sections:\n%s", path, diff)
		}
	}
	if diff := cmp.Diff(alerts(t), got); diff != "" {
		t.Errorf("alerts (-) and runbooks (+) differ:\n%s", diff)
	}
	list, err := os.ReadFile(filepath.Join(runbooks, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, match := range regexp.MustCompile(`(?m)^\| \[(\w+)\]\((\w+)\.md\) \|`).FindAllStringSubmatch(string(list), -1) {
		if match[1] == match[2] {
			listed = append(listed, match[1])
		}
	}
	slices.Sort(listed)
	if diff := cmp.Diff(got, listed); diff != "" {
		t.Errorf("runbooks (-) and their list (+) differ:\n%s", diff)
	}
}

// values are the values of a label of a metric. The tests of internal/metrics compare them with
// the reasons of the API, of the state machine and of the Jobs.
func values(t *testing.T, metric, label string) []string {
	t.Helper()
	for _, m := range metrics.Table {
		for _, l := range m.Labels {
			if m.Name == metric && l.Name == label {
				return l.Values
			}
		}
	}
	t.Fatalf("%s has no label %s", metric, label)
	return nil
}

// eventReasons are the reasons of the API that only events have.
func eventReasons(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(source), "// Reasons of events only.\n")
	out := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\t(Reason\w+) += "(\w+)"$`).FindAllStringSubmatch(block, -1) {
		out[match[1]] = match[2]
	}
	if !found || len(out) < 5 {
		t.Fatalf("%d reasons of events", len(out))
	}
	return out
}

// Each reason with which a Superset waits or is stalled, and each reason of an event, has a
// section, and each section has a reason.
func TestReasonsHaveSections(t *testing.T) {
	want := map[string]bool{}
	for _, all := range [][]string{
		values(t, "superset_operator_upgrade_blocked", "reason"), values(t, "superset_operator_action_required", "reason"),
		slices.Collect(maps.Values(eventReasons(t))),
	} {
		for _, reason := range all {
			want[reason] = true
		}
	}
	for _, p := range v1alpha1.Phases {
		want[string(p)] = p != v1alpha1.PhasePending // no move leads to it
	}
	delete(want, metrics.Other)
	delete(want, string(v1alpha1.PhasePending))
	page, err := os.ReadFile(filepath.Join(runbooks, "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	parts := regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatchIndex(string(page), -1)
	for i, at := range parts {
		end := len(page)
		if i+1 < len(parts) {
			end = parts[i+1][0]
		}
		name := string(page[at[2]:at[3]])
		if got[name] || len(strings.TrimSpace(string(page[at[1]:end]))) < 20 {
			t.Errorf("reasons.md has %s twice, or without a text", name)
		}
		got[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 60 {
		t.Errorf("the code (-) and docs/runbooks/reasons.md (+) differ:\n%s", diff)
	}
}

// Events are recorded only with reasons of the API: those that only events have, or what
// eventReason returns, the phase or the reason of the failure.
func TestEventsHaveKnownReasons(t *testing.T) {
	known := eventReasons(t)
	call := regexp.MustCompile(`\.Eventf\(.*?, corev1\.EventType\w+, ([\w.]+)|\.Eventf\(.*?, kind, (\w+)\(`)
	found := 0
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if calls := strings.Count(string(source), ".Eventf("); calls != len(call.FindAllString(string(source), -1)) {
			t.Errorf("%s has %d calls of Eventf, and not each has a reason that this test can read", path, calls)
		}
		for _, match := range call.FindAllStringSubmatch(string(source), -1) {
			found++
			name, isConstant := strings.CutPrefix(match[1], "v1alpha1.")
			if match[2] != "eventReason" && (!isConstant || known[name] == "") {
				t.Errorf("%s records an event with %s%s: declare it among the reasons of events", path, match[1], match[2])
			}
		}
		return err
	})
	if err != nil || found < 3 {
		t.Errorf("%d calls of Eventf, %v", found, err)
	}
}
