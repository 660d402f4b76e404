// SPDX-License-Identifier: Apache-2.0

// Package migrations has the Jobs of an upgrade: their rendering (job.go), the scripts that
// they run in Superset's image (scripts/), the results of the scripts (result.go), and the
// progress of a script as seen from its Jobs and pods (progress.go). It is pure: it uses
// neither a client nor a clock.
//
// A Job is created once and never updated. Its name is derived from the owner's name and UID,
// the fence, the script and the attempt. Only the operator starts another attempt.
package migrations
