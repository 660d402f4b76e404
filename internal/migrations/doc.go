// SPDX-License-Identifier: Apache-2.0

// Package migrations holds what a change of schema is made of: the Jobs that
// run inside Superset's image (job.go), the Python that they run (scripts/),
// its result (result.go), and what a Job and its pod say of progress
// (progress.go). It is pure: no client, no clock.
//
// A Job is created once and never applied over. Its name comes from the
// owner's uid, the fence, the script and the attempt; the operator alone
// starts another attempt.
package migrations
