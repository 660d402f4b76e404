// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is the upgrade machine, pure: values in, values out, no
// client, no clock.
//
// Read phase.go first: the whole table of phases and events. An Observation
// (observation.go) is all that is known of one Superset at one moment; Decide
// (decide.go) answers it with a Decision: either a move to another phase, or
// work in the current one, never both. So no work ever belongs to an
// unrecorded phase, and a crash anywhere loses nothing. Each phase's rules
// stand in a file of their own. Advance (advance.go) is what a move does to
// the status.
package lifecycle
