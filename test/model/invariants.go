// SPDX-License-Identifier: Apache-2.0

package model

// Invariant is an invariant of the machine.
type Invariant struct {
	Name, Text string
	// Step describes the violation by a step, Rest the violation by a state without fair steps; empty
	// if there is none. Both are nil for an invariant that is checked on the whole graph.
	Step func(*change) string
	Rest func(*model, *state) string
}

// Invariants are the invariants that the model can express. Other tests cover the rest:
//
//   - I12 (a deletion in any phase leaves no child): there is no finalizer, the operator ignores an
//     object that is being deleted, and the garbage collector removes the children. The model has no
//     garbage collector; the integration tests check it on a real API server.
//   - I11, the length of backoffs: the model has only the step "the backoff is over". TestBackoff of
//     internal/lifecycle/rules checks that they grow.
//   - I1 for Supersets that share a database: the tests of the migrate script check the lock of the
//     database.
var Invariants = []Invariant{
	{Name: "I1", Text: "at most one Job at a time changes the schema, and no two Jobs hold the database lock", Step: oneMigration},
	{Name: "I2", Text: "no component serves a release before the schema is at least at its head and stored secrets are encrypted with its key", Step: schemaFirst},
	{Name: "I3", Text: "no component changes its release while the schema is being changed or is partially migrated, and no Job changes it while pods run that must be stopped", Step: noConcurrentChange},
	{Name: "I4", Text: "an upgrade rolls web and releases the scheduler after the workers; a rollback starts with the database and releases the scheduler last", Step: tierOrder},
	{Name: "I5", Text: "a Job is unique for its script, fence and attempt, and a fence has one active Job at a time", Step: oneJob},
	{Name: "I6", Text: "phases change according to the table, and a run or rollback that begins has a new fence", Step: legalMoves},
	{Name: "I7", Text: "a release counts as running only if every tier runs it on its schema and verify has passed under the same fence", Step: verifiedRelease},
	{Name: "I8", Text: "status.release changes only by Verified, Restored and Reverted, to the target of the run or rollback", Step: releaseChanges},
	{Name: "I9", Text: "a write that was decided under a fence changes no component of a higher fence", Step: fenced},
	{Name: "I10", Text: "a target that the rules refuse or that cannot be rendered causes only writes of status", Step: refusedIsUntouched},
	{Name: "I11", Text: "a Job is tried at most three times, not counting lock timeouts, and never before its backoff is over", Step: boundedAttempts},
	{Name: "I13", Text: "a paused Superset makes no move, starts no Job and changes no component", Step: pausedIsUnchanged},
	{Name: "I14", Text: "releases that a rollback needs stay stored, and no tier of the target release is removed", Step: neededIsKept},
	{Name: "I15", Text: "another rendering of spec causes only a run from Ready, of kind ConfigChange and without a migration, or Validate again; a run takes its tiers only to its target", Step: rendersOnce},
	{Name: "I16", Text: "no run begins while other Supersets hold the slots of its kind, except a first install, a rollback, and a run that continues another", Step: beginsInSlot},
	{Name: "I17", Text: "without a fault no deadline passes: pauses, gates, and times without an operator do not count", Step: countsWork},
	{Name: nameL1, Text: "from every state a resting state is reachable without manual intervention: Ready, RolledBack, Failed, paused or at a gate"},
	{Name: nameL2, Text: "the operator and its caches never loop, and no run begins without an edit, a token or a fault", Step: runsHaveCauses},
	{Name: "L3", Text: "an idle Superset has no work and no timer, Ready runs what spec asks for, and Failed has a cause: a fault, a token or a refusal", Rest: idle},
	{Name: "L4", Text: "a run that waits for a slot begins once one is free, and an idle Superset holds none", Step: keepsToken, Rest: releasesSlot},
}

// change is a step with its states, as the input of invariants.
type change struct {
	m             *model
	before, after *state
	by            step
}

// writes is true for a write of the operator that changed an object with a cache.
func (c *change) writes() bool { return c.by.write != nil && c.by.kind != noKind }

// applied is the write if it changed the spec of a component.
func (c *change) applied() *write {
	if c.writes() && c.by.write.kind == writeApplyTier {
		return c.by.write
	}
	return nil
}

// startsToServe is the write if it makes a component serve a release that it did not serve before.
func (c *change) startsToServe() *write {
	w := c.applied()
	if w == nil || w.want.is(tierHolds) {
		return nil
	}
	if was := c.before.live.tiers[w.tier]; was.serves() && was.release == w.want.release {
		return nil
	}
	return w
}

// made is the Job that the write created, if any.
func (c *change) made() *job {
	if c.writes() && c.by.write.kind == writeRunJob {
		return &c.by.write.job
	}
	return nil
}

// drifted is true after a user has deleted a component: any earlier work of the machine may be
// undone.
func (c *change) drifted() bool { return c.after.left.Drifts < c.m.scenario.Budgets.Drifts }
