// SPDX-License-Identifier: Apache-2.0

// The campaign interrupts the operator at every write, and in other ways, and
// verifies that the result always equals that of an undisturbed run.
//
// It runs the operator in its own process, wired as in cmd/manager, against a
// real control plane with simulated nodes. A point is one scenario with one
// disturbance at one request, in a namespace of its own. Read scenario.go and
// mode.go for what is tested, then trial.go, and facts.go for what is compared.
package main
