// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Type of a metric: a closed set.
type Type string

// The types of metrics.
const (
	Gauge     Type = "gauge"
	Counter   Type = "counter"
	Histogram Type = "histogram"
)

// Metric describes one metric.
type Metric struct {
	// Name with its prefix.
	Name string
	Type Type
	// Unit of the value; empty for a plain number.
	Unit   string
	Labels []Label
	// Help is a sentence about the value.
	Help string
	// Use is a sentence about what to do with it.
	Use string
	// Buckets of a histogram: upper bounds, in the unit of the value.
	Buckets []float64
}

// Label of a metric.
type Label struct {
	Name string
	// Values is the closed set of values; nil for the identity of a Superset, for its versions,
	// and for labels of metrics of the libraries.
	Values []string
}

// labelNames are the names of the labels, in order.
func (m *Metric) labelNames() []string {
	var out []string
	for _, l := range m.Labels {
		out = append(out, l.Name)
	}
	return out
}

// row is the metric of a name. A name that the table lacks is a programming error.
func row(name string) *Metric {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	panic(fmt.Sprintf("no metric %s in the table", name))
}

// describe is the descriptor of a gauge of the state.
func describe(name string) *prometheus.Desc {
	m := row(name)
	return prometheus.NewDesc(m.Name, m.Help, m.labelNames(), nil)
}

// counter registers a counter with every series at 0, so that the first increase is visible.
func counter(name string) *prometheus.CounterVec {
	m := row(name)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.labelNames())
	for _, values := range combinations(m.Labels) {
		v.WithLabelValues(values...)
	}
	registry.Registry.MustRegister(v)
	return v
}

// histogram registers a histogram with every series at 0.
func histogram(name string) *prometheus.HistogramVec {
	m := row(name)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.Buckets}, m.labelNames())
	for _, values := range combinations(m.Labels) {
		v.WithLabelValues(values...)
	}
	registry.Registry.MustRegister(v)
	return v
}

// combinations are all combinations of the values of labels with closed sets.
func combinations(labels []Label) [][]string {
	out := [][]string{nil}
	for _, l := range labels {
		var next [][]string
		for _, values := range out {
			for _, v := range l.Values {
				next = append(next, append(values[:len(values):len(values)], v))
			}
		}
		out = next
	}
	return out
}
