// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

// proofHead is the page's beginning; proofRuns precedes the table of all runs.
const (
	proofHead = `<!-- Written by "make polite-proof"; the next run overwrites it. -->
# The polite migration

A migration takes its locks one by one, and requests take theirs in a different order. When the two
deadlock, PostgreSQL ends one of them: either the migration fails, or a user's request does.

The polite migration locks all of the schema's own tables before it begins, in the migration's own
transaction. It waits at most 0.2 s for a table and at most 0.5 s for all of them, less than
the server's ` + "`deadlock_timeout`" + `. If it does not get all locks in that time, it releases them and tries again
after a short pause. Once it has all locks, nothing can block it, and requests wait until it commits.
A time budget (` + "`spec.upgrade.maxLockTime`" + `) limits that wait: when it is exceeded, everything is rolled back.

Results of this run: real Superset 5.0.0 works on PostgreSQL while 6.0.0 migrates its database,
%d times in each mode, each time on a fresh copy. %d clients log in, then read and write charts and dashboards
with pauses of up to %d ms, from before the migration until after it. A request failed if it got no
answer or a status of 400 or above; no request should be refused. One machine with %d CPUs
and %s of memory ran everything, under other load. The polite mode had a budget of %s s.

| mode | runs | failed migrations | requests | failed requests | slowest request, s | average tries | waited for the locks, s | held the locks, s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
`
	proofRuns = `
Seconds are the median, with the maximum in brackets.

## Every run

| run | mode | migration | requests | failed | slowest, s | tries | waited, s | held, s |
|---:|---|---|---:|---:|---:|---:|---:|---:|
`
)
