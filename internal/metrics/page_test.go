// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const pagePath = "../../docs/reference/metrics.md"

// The reference page is generated from the table by make generate.
func TestPage(t *testing.T) { generated(t, pagePath, page()) }

// generated checks a generated file, or writes it.
func generated(t *testing.T, path, want string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if want == string(raw) {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("%s is stale; regenerate it with: make generate", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func page() string {
	var state, runs []Metric
	perProcess := 0
	for _, m := range Table {
		if m.Type == Gauge {
			state = append(state, m)
			continue
		}
		runs = append(runs, m)
		perProcess += len(combinations(m.Labels)) * seriesOf(&m)
	}
	return fmt.Sprintf(`<!-- Written by "make generate" from internal/metrics. -->
# Metrics

The operator serves its metrics at `+"`:8443/metrics`"+` over HTTPS to clients that the API server authenticates and that have the ClusterRole `+"`superset-operator-metrics-reader`"+`. The flags `+"`-metrics-bind-address` and `-metrics-secure`"+` change that.

## State

Gauges of each Superset, read from the cache at each scrape. A restart loses none, and no series outlives its Superset. At most %d series per Superset, and 2 for each tier and version of its pods: %d with two versions in each tier. %d for the slots. A Superset adds at most %d KiB to a scrape, without compression. Measured with 300 Supersets that are alike, each with every series: %d KiB, or %d KiB with the compression that Prometheus asks for, and 0.35 s to write it, on two cores under other load. Measure it again with `+"`go test ./internal/metrics -run '^$' -bench Scrape300`"+`. Without a cache, in the first seconds of the process, there are none.

Every replica of the operator serves them, a standby too: aggregate with `+"`max by (namespace, name)`"+`. Prometheus renames the label `+"`namespace` to `exported_namespace`"+` unless the scrape has `+"`honor_labels: true`"+`.

%s
## Runs

Counters and histograms of what the operator has persisted. Each is written once, after the status. They have no label for the Superset: %d series per operator, whatever the number of Supersets. A restart sets them to 0; only the leader increases them: use `+"`rate` or `increase` and `sum`"+`. What happens while the operator crashes after a write is not counted. A pause in a phase without Jobs counts as working time if the operator restarts after the pause and before the end of the phase.

%s
## Labels

Labels have closed sets of values, except the names and versions of Supersets. A reason that is not in the set, such as one of a newer release, is `+"`%s`"+`.

%s
## Superset itself

Served by the pods of [spec.monitoring](../explanation/health.md), which are optional, and not by the operator. The labels namespace and name come from the scrape: see [config/monitoring](../../config/monitoring/README.md).

From what web, workers and scheduler send to the StatsD exporter. Whatever else Superset sends is dropped, so that no id and no text of a user becomes a series:

%s
From the Celery broker, asked every 30 seconds by the health exporter:

%s
## Metrics of the libraries

Those of controller-runtime, client-go and the Go runtime to look at. The endpoint has more of them.

%s`, MaxSeries, 2*2*len(tiers), 2*len(slots), maxScrape>>10, plainKiB, gzipKiB, rows(state), perProcess, rows(runs), Other, labels(), rows(FromStatsd), rows(FromBroker), rows(Used))
}

// rows is a table of metrics.
func rows(all []Metric) string {
	var out strings.Builder
	out.WriteString("| metric | type, unit | labels | meaning | what to do with it |\n|---|---|---|---|---|\n")
	for _, m := range all {
		kind := string(m.Type)
		if m.Unit != "" {
			kind += ", " + m.Unit
		}
		_, _ = fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", m.Name, kind, quoted(m.labelNames()), m.Help, m.Use)
	}
	return out.String()
}

// labels is a table of the closed sets, each once.
func labels() string {
	var order []string
	of := map[string][]string{}
	for _, m := range slices.Concat(Table, FromStatsd) {
		for _, l := range m.Labels {
			if l.Values == nil {
				continue
			}
			end := fmt.Sprintf("| `%s` | %%s | %s |\n", l.Name, strings.Join(l.Values, ", "))
			if of[end] == nil {
				order = append(order, end)
			}
			of[end] = append(of[end], m.Name)
		}
	}
	out := "| label | of | values |\n|---|---|---|\n"
	for _, line := range order {
		out += fmt.Sprintf(line, quoted(of[line]))
	}
	return out
}

func quoted(all []string) string {
	var out []string
	for _, one := range all {
		out = append(out, "`"+one+"`")
	}
	return strings.Join(out, ", ")
}
