// SPDX-License-Identifier: Apache-2.0

// Command mutants makes deliberate mistakes in the operator, one at a time, and
// tells which of the tests, the model check and the crash campaign see each: a
// test that sees none of them would say little. make mutants runs it.
//
// Start with list.go, which has the mistakes; main.go builds and runs with each by
// the go command's -overlay, so that no file of the checkout changes.
package main
