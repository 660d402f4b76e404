// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed" // the list of metrics
	"encoding/json"
	"slices"
)

// Types of metrics.
const (
	gauge     = "gauge"
	histogram = "histogram"
)

// metric is a metric that the operator serves.
type metric struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Labels by name, with their values; none for a label without a closed set.
	Labels map[string][]string `json:"labels"`
	// Library is true for a metric that is not the operator's own.
	Library bool `json:"library"`
}

//go:embed metrics.json
var metricsJSON []byte

// metrics are all metrics, from the table in internal/metrics: make generate writes the list.
var metrics = func() (out []metric) {
	if err := json.Unmarshal(metricsJSON, &out); err != nil {
		panic("reading metrics.json: " + err.Error())
	}
	return out
}()

// metricOf is the metric of a series, with its suffix if it is one of a histogram; nil for an
// unknown one.
func metricOf(series string) *metric {
	for i := range metrics {
		m := &metrics[i]
		names := []string{m.Name}
		if m.Type == histogram {
			names = []string{m.Name + "_bucket", m.Name + "_sum", m.Name + "_count"}
		}
		if slices.Contains(names, series) {
			return m
		}
	}
	return nil
}

// phases are all phases: the resting ones first, then those of an upgrade in their order.
var phases = metricOf("superset_operator_upgrade_phase").Labels["phase"]
