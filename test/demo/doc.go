// SPDX-License-Identifier: Apache-2.0

// Command demo shows what the operator does on a real control plane. It installs
// a Superset, upgrades it, upgrades it to a broken release that is rolled back
// automatically, upgrades it to a good release, and rolls back by annotation.
// Package test/cluster/world simulates containers and databases; everything else
// is real.
//
//	go run ./test/demo
//
// Read steps.go first: it lists the steps. follow.go watches one step,
// snapshot.go reads the objects at two moments, changes.go compares them, and
// narrator.go writes the output. prometheus.go has the Prometheus of -prometheus.
package main
