// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	_ "sigs.k8s.io/controller-runtime/pkg/controller" // registers its metrics
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// seriesOf is the number of series that one combination of labels has.
func seriesOf(m *Metric) int {
	if m.Type == Histogram {
		return len(m.Buckets) + 3 // +Inf, sum and count
	}
	return 1
}

// family is a metric as it is served.
type family struct {
	kind, help string
	series     int
}

// gathered are the operator's own counters and histograms, as they are served.
func gathered(t *testing.T) map[string]family {
	t.Helper()
	families, err := registry.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]family{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), prefix) {
			out[f.GetName()] = family{strings.ToLower(f.GetType().String()), f.GetHelp(), len(f.GetMetric())}
		}
	}
	return out
}

// Every counter and histogram of the table is served from the start, with every combination of
// its labels, and the names follow the conventions of Prometheus.
func TestTable(t *testing.T) {
	served, seen := gathered(t), map[string]bool{}
	for _, m := range Table {
		if seen[m.Name] || !strings.HasPrefix(m.Name, prefix) || !strings.HasSuffix(m.Help, ".") || !strings.HasSuffix(m.Use, ".") {
			t.Errorf("the row of %s is incomplete, or its name is taken", m.Name)
		}
		seen[m.Name] = true
		if (m.Unit != "") != regexp.MustCompile(`_(seconds|bytes|ratio)$`).MatchString(m.Name) {
			t.Errorf("%s has the unit %q", m.Name, m.Unit)
		}
		if want := (family{string(m.Type), m.Help, len(combinations(m.Labels))}); m.Type != Gauge && served[m.Name] != want {
			t.Errorf("%s is served as %+v, want %+v", m.Name, served[m.Name], want)
		}
	}
	for name := range served {
		if !seen[name] {
			t.Errorf("%s is served and not in the table", name)
		}
		if problems, err := testutil.GatherAndLint(registry.Registry, name); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
	}
}

// Labels without a closed set are only names and versions of Supersets.
func TestLabelsAreBounded(t *testing.T) {
	for _, m := range Table {
		for _, l := range m.Labels {
			identity := slices.Contains([]string{"namespace", "name", "version", "target_version"}, l.Name)
			switch {
			case identity == (len(l.Values) > 0):
				t.Errorf("%s: label %s has the values %v", m.Name, l.Name, l.Values)
			case identity && m.Type != Gauge:
				t.Errorf("%s grows with the number of Supersets", m.Name)
			}
			if len(slices.Compact(slices.Sorted(slices.Values(l.Values)))) != len(l.Values) {
				t.Errorf("%s: label %s has a value twice: %v", m.Name, l.Name, l.Values)
			}
		}
	}
}

// The metrics of the libraries that the page has are served with these labels.
func TestUsedMetricsExist(t *testing.T) {
	ch := make(chan *prometheus.Desc, 10_000)
	registry.Registry.(prometheus.Collector).Describe(ch)
	close(ch)
	parts := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	served := map[string]string{}
	for d := range ch {
		if match := parts.FindStringSubmatch(d.String()); match != nil {
			served[match[1]] = match[2]
		}
	}
	if len(served) < 50 {
		t.Fatalf("the registry has %d metrics", len(served))
	}
	for _, m := range Used {
		if labels, ok := served[m.Name]; !ok || labels != strings.Join(m.labelNames(), ",") {
			t.Errorf("%s is served: %v, with the labels {%s}; want %v", m.Name, ok, labels, m.labelNames())
		}
	}
}

// notWaiting are the reasons of the API with which a Superset neither waits nor needs anybody.
var notWaiting = []string{
	"Ready", "InSync", "AheadAfterRollback", "Serving", "NotServing", "HalfMigrated", "None", "Supported", "Unsupported", "SecretNotRead", // other conditions
	"Held", "NoProgress", "Rolling", // of components
	"RollbackRequested", "RollbackRefused", "ClaimMayBePruned", "FellBackToDrain", "RollbackClassFellBack", "SpecReverted", "MonitoringBlocked", "SecretChanged", // events
}

// Each reason of the API is one for which a Superset waits or needs somebody, or is listed here
// as neither.
func TestReasonsAreKnown(t *testing.T) {
	source, err := os.ReadFile("../../api/v1alpha1/conditions.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tReason\w+ += "(\w+)"$`).FindAllStringSubmatch(string(source), -1)
	if len(declared) < 40 {
		t.Fatalf("%d reasons are declared", len(declared))
	}
	for _, match := range declared {
		known := slices.Contains(waits, match[1]) || slices.Contains(actions, match[1])
		if known == slices.Contains(notWaiting, match[1]) {
			t.Errorf("%s belongs into waits or actions of labels.go, or else into notWaiting of this test", match[1])
		}
	}
}

// The machine waits and fails only with reasons that have a label.
func TestReasonsOfTheMachine(t *testing.T) {
	found := 0
	for pattern, set := range map[string][]string{`waitFor\(&?d, v1alpha1\.Reason(\w+)`: waits, `fail\(s, v1alpha1\.Reason(\w+)`: actions} {
		for _, dir := range []string{"../lifecycle/rules", "../lifecycle/plan"} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
					continue
				}
				source, err := os.ReadFile(dir + "/" + e.Name())
				if err != nil {
					t.Fatal(err)
				}
				for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
					if found++; !slices.Contains(set, match[1]) {
						t.Errorf("%s/%s: %s has no label", dir, e.Name(), match[1])
					}
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d reasons", found)
	}
}
