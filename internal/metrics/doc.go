// SPDX-License-Identifier: Apache-2.0

// Package metrics has the metrics of the upgrade machine: gauges of the state, read from the
// cache, and counters and histograms of what was persisted. Read Table first: descriptors,
// registration and docs/reference/metrics.md follow from it. state.go has the gauges and
// pods.go those of the pods, runs.go the counters and histograms, labels.go the closed sets of
// label values, used.go the metrics of the libraries.
package metrics
