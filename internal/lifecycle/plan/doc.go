// SPDX-License-Identifier: Apache-2.0

// Package plan decides before anything changes what a run is going to do.
//
// Refuse (rules.go) applies the version rules. Make (plan.go) works out the plan from
// the result of the preflight: the strategy (strategy.go), the rollback class, the
// steps with their estimates (steps.go) and the hash that approves it (hash.go). Gates
// (gates.go) are what a plan waits for before it begins: an approval, an accepted risk,
// a maintenance window (window.go).
package plan
