// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes config/monitoring: the Grafana dashboards and the Prometheus rules.
// Read alerts.go and fleet.go first: a dashboard is a table of panels, and an alert is a row.
// dashboard.go turns the tables into Grafana's JSON, rules.go the alerts into rules. The tests
// check both against the metrics of the operator: queries.go parses each query, lint.go has the
// rules for dashboards, and promtool runs the cases in testdata. Package pictures plots the dashboards.
//
// It is a module of its own, so that the operator does not depend on Grafana's types and on
// the parser of Prometheus.
package main
