// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is the upgrade machine, pure: values in, values out, no client, no
// clock.
//
// Read phase.go first: the table of phases and events. Decide (decide.go) answers a
// state.Snapshot with a Decision (decision.go): it moves to another phase, or works or
// waits in the current one, never both. So no work belongs to a phase that is not
// recorded, and a crash anywhere loses nothing. Each phase has a file with its rule:
// resting.go, validate.go, migrate.go, upgrade.go, verify.go, rollback.go. They share
// stages (stage.go), Jobs (schema_job.go, job.go) and what interrupts a run
// (interrupt.go). Advance (advance.go) is what a move does to the status, and history.go
// what is kept of a run.
//
// Package state is what is known, package rollback how a run is taken back, package plan
// what a run is going to do, and package actions what a phase does to the cluster.
package lifecycle
