// SPDX-License-Identifier: Apache-2.0

// Command pictures plots the shipped dashboards from a Prometheus: it runs the query of each
// panel and draws all panels in the grid of the dashboard, one SVG file per dashboard. The
// pictures are not screenshots of Grafana, and say so.
//
//	go run ./pictures -prometheus http://127.0.0.1:9090 ../../docs/pictures
//
// Read board.go first: what is read of a dashboard. ask.go runs its queries, svg.go has the
// shapes, draw.go the frame of a panel; stat.go, timeline.go, graph.go and table.go are the
// kinds of panels.
package main
