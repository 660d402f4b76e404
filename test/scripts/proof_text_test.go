// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

// proofHead is the page's beginning; proofRuns stands before the table of all runs.
const (
	proofHead = `<!-- Written by "make polite-proof"; the next run overwrites it. -->
# The polite migration

A migration takes its locks one by one as it goes, and requests take theirs in another order: of two
that wait for each other PostgreSQL ends one. Either the migration fails, or a user's request does.

The polite migration locks all of the schema's own tables before it begins, in the migration's own
transaction. It waits for a table at most 0.2 s and for all of them at most 0.5 s, less than
the server's ` + "`deadlock_timeout`" + `; what it cannot have by then it lets go, and tries again after a short
pause. Once it has them all nobody can be in its way, and requests wait until it commits. A budget of
time (` + "`spec.upgrade.maxLockTime`" + `) limits that wait: past it, everything is rolled back.

What this run saw: real Superset 5.0.0 at work on PostgreSQL while 6.0.0 migrates its database,
%d times each way, each on a fresh copy. %d clients log in, then read and write charts and dashboards
with pauses of up to %d ms, from before the migration until after it. A request failed if it got no
answer or one of 400 or above; nothing was asked for that should be refused. One machine with %d CPUs
and %s of memory ran all of it, beside other work. The polite way had a budget of %s s.

| way | runs | migrations that failed | requests | requests that failed | slowest request, s | tries on average | waited for the locks, s | held the locks, s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
`
	proofRuns = `
Seconds are the median, with the greatest in brackets.

## Every run

| run | way | migration | requests | failed | slowest, s | tries | waited, s | held, s |
|---:|---|---|---:|---:|---:|---:|---:|---:|
`
)
