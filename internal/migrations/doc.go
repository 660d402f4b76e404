// SPDX-License-Identifier: Apache-2.0

// Package migrations is what the Jobs of an upgrade report, pure: no client, no clock.
//
// Read script.go first: the scripts that the Jobs run. Result (result.go) is what a script
// reports, with its parts in path.go, check.go, facts.go and rehearsal.go. Progress
// (progress.go) is how far a script is, as seen from its Jobs (jobs.go) and pods, and
// record.go keeps its end in status. linger.go is about a pod that only another container
// keeps running.
//
// Package render has the Jobs themselves, and package scripts what they run.
package migrations
