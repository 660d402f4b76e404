// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is the upgrade machine, pure: values in, values out, no client, no
// clock.
//
// Read phase.go first: the table of phases and events. A Decision (decision.go) answers a
// state.Snapshot: it moves to another phase, or works or waits in the current one, never
// both. So no work belongs to a phase that is not recorded, and a crash anywhere loses
// nothing. Advance (advance.go) is what a move does to the status, on a draft of the next one
// (draft.go), and history.go what is kept of a run. While a phase goes on, the status changes
// at a gate (AtGate), at the end of a Job (record.go) and with the working time (clock.go).
//
// Package rules is above: it decides. Below, package state is what is known, package
// rollback how a run is taken back, package plan what a run is going to do, and package
// actions what a phase does to the cluster.
package lifecycle
