// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/internal/components"
)

// mapping is a file of the StatsD exporter.
type mapping struct {
	Defaults struct {
		Histogram struct {
			Buckets []float64 `json:"buckets"`
		} `json:"histogram_options"`
	} `json:"defaults"`
	Mappings []struct {
		Match, Name, Help, Action string
		Labels                    map[string]string
	} `json:"mappings"`
}

// The table has the metrics of the mapping with their labels and values, and the mapping drops
// the rest.
func TestStatsdMapping(t *testing.T) {
	var m mapping
	if err := yaml.Unmarshal([]byte(components.StatsdMapping), &m); err != nil {
		t.Fatal(err)
	}
	last := m.Mappings[len(m.Mappings)-1]
	if last.Action != "drop" || last.Match != ".*" || len(m.Mappings) != len(FromStatsd)+1 {
		t.Fatalf("%d mappings, the last one is %+v", len(m.Mappings), last)
	}
	for i, row := range FromStatsd {
		got := m.Mappings[i]
		labels := append([]string{"name", "namespace"}, slices.Collect(maps.Keys(got.Labels))...)
		want := row.labelNames()
		slices.Sort(labels)
		slices.Sort(want)
		if got.Name != row.Name || got.Help != row.Help || !slices.Equal(labels, want) {
			t.Errorf("mapping %d is %+v, the row %+v", i, got, row)
		}
		for _, l := range row.Labels {
			for _, value := range l.Values {
				if part := strings.TrimSuffix(value, "xx"); !strings.Contains(got.Match, part) && l.Name != "status" {
					t.Errorf("%s never has %s=%q", row.Name, l.Name, value)
				}
			}
		}
		if row.Type == Histogram && !slices.Equal(row.Buckets, m.Defaults.Histogram.Buckets) {
			t.Errorf("%s has other buckets", row.Name)
		}
	}
}

// The table has the metrics of the health exporter, with the same help.
func TestHealthExporterTable(t *testing.T) {
	script, err := os.ReadFile("../migrations/scripts/superset_job/jobs/health.py")
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^    "(superset_\w+)": "(.*)",$`).FindAllStringSubmatch(string(script), -1) {
		got[match[1]] = match[2]
	}
	for _, row := range FromBroker {
		want[row.Name] = row.Help
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table (-) and health.py (+) differ:\n%s", diff)
	}
}

// Every row says what to do, and has a unit if its name has one.
func TestSupersetTable(t *testing.T) {
	for _, m := range slices.Concat(FromStatsd, FromBroker) {
		if !strings.HasSuffix(m.Help, ".") || !strings.HasSuffix(m.Use, ".") || (m.Unit != "") != strings.HasSuffix(m.Name, "_seconds") {
			t.Errorf("the row of %s is incomplete", m.Name)
		}
	}
}
