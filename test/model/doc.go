// SPDX-License-Identifier: Apache-2.0

// Package model explores the upgrade state machine exhaustively. It runs the functions of the
// operator, rules.Decide and lifecycle.Advance, in a model of the cluster. Within small budgets
// it tries every order of writes, cache updates, Jobs, pods, user actions, crashes and failures.
//
// Start with state.go, which defines a state of the model. operator.go splits a decision into single
// writes; cluster.go has the steps of the cluster and the database; users.go has the actions of users.
// explore.go searches breadth first, so that the trace to a violated invariant is a shortest one.
// invariants.go lists the invariants, the files invariants_*.go define them, and the files
// mutants_*.go have deliberate faults that each of them must find.
//
// The operator can be replaced by another release of it, which renders some specs differently: see
// release.renderedBy. Other Supersets are only the slots that they hold.
//
// Abstractions: time (the end of a wait is a step of its own, and a time that counts for no deadline is
// another), names and messages (interned), replicas (a tier has one pod, or an old and a new one), and
// the component controllers, which are assumed to be correct. Objects of somebody else with the name of
// one of ours are left out: whose an object is, is decided in the apply layer, which is below the model.
//
// Two assumptions are necessary because the operator learns about the cluster from watches. Each was
// first found as a counterexample. First, the operator sees that a pod has started before it
// checks whether the tier has pods. Second, a restarted operator sees the Jobs that its predecessor
// created, and where Jobs may vanish also the statuses that it wrote. If a watch stalled for longer than a preflight or a whole rollback, a migration could run
// while a scheduler runs, or end after verify has checked the schema.
package model
