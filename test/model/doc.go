// SPDX-License-Identifier: Apache-2.0

// Package model explores the upgrade machine exhaustively: lifecycle.Decide and
// lifecycle.Advance, the very functions that the operator runs, in a model of the
// world around them. Every order in which writes, caches, Jobs, pods, users,
// crashes and failures can follow one another is tried, within small budgets.
//
// Read state.go first: what a state of the world is. operator.go turns a
// decision into writes, one at a time; world.go is what the cluster and the
// database do by themselves; users.go is what people and faults do to them.
// explore.go searches breadth first, so that a trace to a broken invariant is a
// shortest one. invariants.go says what must hold, and mutants.go has for each
// of them a deliberate mistake that it must find.
//
// What is abstracted: time (a wait is over in a step of its own), names and
// texts (interned), replicas (a tier has one pod, or an old and a new one), and
// the component controllers, which are taken for right.
//
// What is taken for granted, because no machine that is told of the world by
// watches can do without it, each found as a counter-example first: that a pod
// has started is seen by the time that anybody asks whether the tier has one;
// and a restarted operator sees the Jobs that the one before it had made. With
// watches that stall for longer than a preflight, or a whole way back, takes, a
// migration would run beside a scheduler, or end after verify has looked.
package model
