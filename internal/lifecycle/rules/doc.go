// SPDX-License-Identifier: Apache-2.0

// Package rules decides: it has the rule of each phase.
//
// Read decide.go first: Decide answers a state.Snapshot with a lifecycle.Decision, by the
// rule of its phase. Each phase has a file with its rule: resting.go, validate.go,
// migrate.go, upgrade.go, verify.go, rollback.go. They share stages (stage.go), Jobs
// (schema_job.go, job.go), deadlines (deadline.go) and what interrupts a run (interrupt.go).
// testdata/stories has runs of the whole machine, step by step.
package rules
