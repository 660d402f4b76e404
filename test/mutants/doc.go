// SPDX-License-Identifier: Apache-2.0

// Command mutants applies deliberate faults (mutants) to the operator, one at a
// time, and reports which of the tests, the model check and the crash campaign
// kill each of them. A mutant that survives shows a gap in the tests.
// make mutants runs it.
//
// Start with list.go, which has the mutants. main.go builds and runs with each of
// them by the go command's -overlay, so that no file of the checkout is changed.
package main
