// SPDX-License-Identifier: Apache-2.0

// The campaign interrupts the operator at every write, and in other ways, and
// proves that the end is always the one of an undisturbed run.
//
// It runs the operator in its own process, wired as cmd/manager wires it, against
// a real control plane with simulated nodes. A point is one scenario with one
// disturbance at one request, in a namespace of its own. Read scenario.go and
// mode.go, which say what is tried, then trial.go, and facts.go, which says what
// is compared.
package main
