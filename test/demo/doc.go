// SPDX-License-Identifier: Apache-2.0

// Command demo shows what the operator does, on a real control plane: it
// installs a Superset, upgrades it, tries a broken release that rolls back by
// itself, upgrades to a good one and rolls back by annotation. Containers and
// databases are played by package test/cluster/world; all else is real.
//
//	go run ./test/demo
//
// Read story.go first: the steps. follow.go watches one, snapshot.go compares
// how the objects stood at two moments, narrator.go writes what a user sees.
package main
