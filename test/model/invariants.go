// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

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
//     internal/lifecycle checks that they grow.
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
	{Name: nameL1, Text: "from every state a resting state is reachable without manual intervention: Ready, RolledBack, Failed, paused or at a gate"},
	{Name: nameL2, Text: "the operator and its caches never loop, and no run begins without an edit, a token or a fault", Step: runsHaveCauses},
	{Name: "L3", Text: "an idle Superset has no work and no timer, and Failed has a cause: a fault, a token or a refusal", Rest: idle},
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

// I1. The API server has no fence for the creation of a Job, so a leader that has lost its lease can
// start a second one. Then only the database lock protects the schema.
func oneMigration(c *change) string {
	if c.after.live.jobs == c.before.live.jobs {
		return ""
	}
	runs, in := 0, 0
	for _, j := range c.m.jobList(&c.after.live) {
		if scripts[j.script].changes && j.at.runs() {
			runs++
			if j.at != active {
				in++
			}
		}
	}
	switch {
	case in > 1:
		return "two Jobs hold the database lock"
	case runs > 1 && c.m.scenario.Budgets.Zombies == 0:
		return "two Jobs that change the schema are active"
	default:
		return ""
	}
}

// I2.
func schemaFirst(c *change) string {
	w := c.startsToServe()
	if w == nil {
		return ""
	}
	if r := releases[w.want.release]; c.before.key != r.key {
		return fmt.Sprintf("the %s serves %s, but stored secrets are encrypted with a different key", tierNames[w.tier], r.hash)
	}
	if head := releases[w.want.release].head; c.before.schema < head {
		return fmt.Sprintf("the %s serves %s, which needs schema %d, on schema %d", tierNames[w.tier], releases[w.want.release].hash, head, c.before.schema)
	}
	return ""
}

// I3.
func noConcurrentChange(c *change) string {
	if j := c.made(); j != nil && scripts[j.script].changes && c.by.what == stepOperator {
		return podsDuringMigration(c, j)
	}
	w := c.applied()
	if w == nil || w.want.release == c.before.live.tiers[w.tier].release || !c.before.live.tiers[w.tier].exists() {
		return ""
	}
	if c.before.dirty {
		return fmt.Sprintf("the %s changes while the schema is partially migrated", tierNames[w.tier])
	}
	if c.isInside() && !c.hasLateJob() {
		return fmt.Sprintf("the %s changes while a migration holds the database lock", tierNames[w.tier])
	}
	return ""
}

// isInside is true while a Job holds the database lock and has not committed.
func (c *change) isInside() bool {
	for _, j := range c.m.jobList(&c.before.live) {
		if j.at == inside {
			return true
		}
	}
	return false
}

// podsDuringMigration checks the pods when a migration starts. The pods of a component that a user has
// deleted are not counted.
func podsDuringMigration(c *change, j *job) string {
	drains := c.m.statuses[c.by.verdict.status].strategy != v1alpha1.StrategyRolling || j.script != migrate
	for i, p := range c.before.live.pods {
		if p.count() > 0 && (i == machine.Scheduler || drains) && !c.drifted() {
			return fmt.Sprintf("the %s Job starts while a pod of the %s runs", scripts[j.script].name, tierNames[i])
		}
	}
	return ""
}

// drifted is true after a user has deleted a component: any earlier work of the machine may be
// undone.
func (c *change) drifted() bool { return c.after.left.Drifts < c.m.scenario.Budgets.Drifts }

// I4. A leader that has lost its lease or a deleted tier may violate the order; the current run then
// repairs it under its fence.
func tierOrder(c *change) string {
	w, st := c.startsToServe(), c.m.statusOf(&c.before.live)
	if w == nil || c.by.what == stepLate || c.drifted() || c.m.statuses[c.by.verdict.status].fence != st.fence {
		return ""
	}
	was := c.before.live.tiers[w.tier]
	if !c.databaseIsReverted(st) {
		return fmt.Sprintf("the %s is rolled back while the database is at %d, not at %d", tierNames[w.tier], c.before.schema, st.rollbackRevision)
	}
	for _, tier := range mustServeBefore(st, w, was) {
		if releases[w.want.release].has[tier] && !c.arrived(tier, w.want.release) {
			return fmt.Sprintf("the %s serves %s before the %s does", tierNames[w.tier], releases[w.want.release].hash, tierNames[tier])
		}
	}
	return ""
}

// mustServeBefore are the tiers that must serve a release before the written tier does.
func mustServeBefore(st *status, w *write, was tier) []int {
	switch {
	case st.phase == pRollback && w.tier == machine.Scheduler:
		return []int{machine.Web, machine.Worker}
	case st.phase == pRollback, st.phase.resting(), w.want.release != st.to, !was.exists(), w.tier == machine.Worker:
		return nil
	default:
		return []int{machine.Worker}
	}
}

// databaseIsReverted is false in a rollback before its downgrade or restore has ended.
func (c *change) databaseIsReverted(st *status) bool {
	takes := st.rollbackClass == v1alpha1.RollbackDowngrade || st.rollbackClass == v1alpha1.RollbackRestore
	return st.phase != pRollback || !takes || st.rollbackRevision == 0 || c.before.schema == st.rollbackRevision
}

// arrived is true if a tier serves a release.
func (c *change) arrived(tier int, r release) bool {
	t := c.before.live.tiers[tier]
	return t.release == r && t.serves() && (t.is(tierSettled) || c.before.live.pods[tier].current == pod{release: r})
}

// I5.
func oneJob(c *change) string {
	mine := c.made()
	if mine == nil || c.by.what != stepOperator {
		return ""
	}
	same, running := 0, 0
	for _, j := range c.m.jobList(&c.after.live) {
		if j.fence != mine.fence {
			continue
		}
		if j.at.runs() {
			running++
		}
		if j.script == mine.script && j.attempt == mine.attempt {
			same++
		}
	}
	switch {
	case same > 1:
		return "two Jobs named " + mine.describe()
	case running > 1:
		return fmt.Sprintf("%d active Jobs under fence %d", running, mine.fence)
	default:
		return ""
	}
}

// I6.
func legalMoves(c *change) string {
	if len(c.m.illegal) > 0 {
		return c.m.illegal[0].Error()
	}
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	if c.by.write == nil || was.full == is.full {
		return ""
	}
	event := c.by.write.event
	if fences[event] != (is.fence > was.fence) {
		return fmt.Sprintf("%s changes the fence from %d to %d", event, was.fence, is.fence)
	}
	to := was.phase.name()
	if event != "" {
		next, err := lifecycle.Next(to, event)
		if err != nil {
			return err.Error()
		}
		to = next
	}
	if to != is.phase.name() {
		return fmt.Sprintf("%q moves from %s to %s", event, was.phase.name(), is.phase.name())
	}
	return ""
}

// fences are the events that take the next fence.
var fences = map[lifecycle.Event]bool{lifecycle.Begin: true, lifecycle.RollBack: true, lifecycle.FallBack: true, lifecycle.NextClass: true}

// makesRunning is true for the events that make a release the running one.
func makesRunning(e lifecycle.Event) bool {
	return e == lifecycle.Verified || e == lifecycle.Restored || e == lifecycle.Reverted
}

// I7.
func verifiedRelease(c *change) string {
	if !c.writes() || !makesRunning(c.by.write.event) {
		return ""
	}
	st := c.m.statusOf(&c.after.live)
	for _, why := range []string{c.tiersAreAt(st), c.databaseIsAt(st), c.isVerified(st)} {
		if why != "" {
			return fmt.Sprintf("%s, but %s", c.by.write.event, why)
		}
	}
	return ""
}

func (c *change) tiersAreAt(st *status) string {
	if c.drifted() {
		return ""
	}
	for i, t := range c.after.live.tiers {
		has, p := releases[st.release].has[i], c.after.live.pods[i]
		if has != t.exists() || has && (t.release != st.release || t.fence != st.fence || !t.serves() || !isSettled(t, p)) {
			return fmt.Sprintf("the %s is %s", tierNames[i], describeTier(t, p))
		}
	}
	return ""
}

func (c *change) databaseIsAt(st *status) string {
	r, schema := releases[st.release], c.after.schema
	switch {
	case c.after.dirty, st.partiallyMigrated:
		return "the schema is partially migrated"
	case c.after.key != r.key:
		return "stored secrets are encrypted with a different key"
	case c.hasLateJob():
		return ""
	case schema < r.head, schema > r.head != st.ahead, st.revision != schema:
		return fmt.Sprintf("the schema is at %d; the release has %d, and status has %d, ahead: %v", schema, r.head, st.revision, st.ahead)
	default:
		return ""
	}
}

// isVerified checks that a verify Job has succeeded. The Job may be deleted already, and be only in a
// stale cache or in the status.
func (c *change) isVerified(st *status) string {
	if c.after.left.Vanishes < c.m.scenario.Budgets.Vanishes && machine.RecordOf(c.m.statusOf(&c.before.live).full, migrations.Verify) != nil {
		return ""
	}
	for _, o := range []*objects{&c.after.live, &c.before.old} {
		for _, j := range c.m.jobList(o) {
			if j.script == verify && j.fence == st.fence && j.release == st.release && j.at == succeeded {
				return ""
			}
		}
	}
	return "no verify Job has succeeded under this fence"
}

// hasLateJob is true if a leader that has lost its lease may have created a Job that changes the
// schema.
func (c *change) hasLateJob() bool {
	return c.m.scenario.LateJobs && c.after.left.Zombies < c.m.scenario.Budgets.Zombies
}

// I8.
func releaseChanges(c *change) string {
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	if was.release == is.release {
		return ""
	}
	if e := c.by.write.event; !makesRunning(e) || is.release != is.to && is.release != is.back {
		return fmt.Sprintf("%q makes %s the running release", e, releases[is.release].hash)
	}
	return ""
}

// I9.
func fenced(c *change) string {
	if !c.writes() || c.by.write.kind != writeApplyTier {
		return ""
	}
	i, decided := c.by.write.tier, c.m.statuses[c.by.verdict.status].fence
	was, is := c.before.live.tiers[i], c.after.live.tiers[i]
	switch {
	case !was.exists():
		return ""
	case is.fence < was.fence:
		return fmt.Sprintf("the fence of the %s decreases from %d to %d", tierNames[i], was.fence, is.fence)
	case decided < was.fence && (was.release != is.release || was.is(tierHolds) != is.is(tierHolds)):
		return fmt.Sprintf("a decision of fence %d changes the %s of fence %d", decided, tierNames[i], was.fence)
	}
	return ""
}

// I10.
func refusedIsUntouched(c *change) string {
	if !c.writes() {
		return ""
	}
	w := c.by.write
	for _, r := range []release{w.want.release, w.job.release, w.release} {
		if releases[r].invalid {
			return "a child is written for the refused release " + releases[r].hash
		}
	}
	return ""
}

// I11.
func boundedAttempts(c *change) string {
	mine := c.made()
	if mine == nil {
		return ""
	}
	for _, j := range c.m.jobList(&c.before.live) {
		if j.at == noJob || j.script != mine.script || j.fence != mine.fence {
			continue
		}
		switch {
		case !j.backedOff:
			return "the backoff before " + mine.describe() + " is not over, or the failure is permanent"
		case mine.attempt-j.waits > 3 && j.at != lockTimeout:
			return mine.describe() + " exceeds the limit of attempts"
		}
	}
	return ""
}

// I13.
func pausedIsUnchanged(c *change) string {
	if !c.writes() || !c.by.verdict.paused {
		return ""
	}
	w := c.by.write
	at := c.m.statuses[c.by.verdict.status].phase
	switch {
	case w.kind == writeStatus && w.event != "":
		return fmt.Sprintf("%s although paused", w.event)
	case w.kind == writeRunJob:
		return w.job.describe() + " although paused"
	case w.kind == writeApplyTier && w.seen.exists() && w.seen.release != w.want.release && !at.resting():
		return "the " + tierNames[w.tier] + " moves although paused"
	}
	return ""
}

// I14.
func neededIsKept(c *change) string {
	if !c.writes() {
		return ""
	}
	st := c.m.statusOf(&c.after.live)
	if why := c.removesNeeded(st); why != "" {
		return why
	}
	needed := []release{st.release, st.previous}
	if !st.phase.resting() {
		needed = append(needed, st.from, st.back, st.rollbackImage)
	}
	for _, r := range needed {
		if r != none && c.m.stores.items[c.after.live.store][r].revision == 0 {
			return "release " + releases[r].hash + " is not stored"
		}
	}
	return ""
}

// removesNeeded describes the removal of a tier that the target release has; empty if there is none.
func (c *change) removesNeeded(st *status) string {
	w := c.by.write
	if w.kind != writeRemoveTier || c.by.what != stepOperator || c.m.statuses[c.by.verdict.status].fence != st.fence {
		return ""
	}
	r := st.to
	switch {
	case st.phase == pRollback:
		r = st.back
	case st.phase.resting():
		r = st.release
	}
	if releases[r].has[w.tier] {
		return fmt.Sprintf("the %s is removed although release %s has it", tierNames[w.tier], releases[r].hash)
	}
	return ""
}

// L2. An edit or a token causes at most a run and a rollback. A fault ends a run, and causes a
// rollback or the next class of it.
func runsHaveCauses(c *change) string {
	if !c.writes() || c.by.write.event == "" {
		return ""
	}
	all, left := c.m.scenario.Budgets, c.after.left
	causes := 3 + 2*(all.Edits-left.Edits) + 2*(all.Tokens-left.Tokens) + 3*(all.Fails-left.Fails)
	if begun := c.m.statusOf(&c.after.live).fence - c.m.base; begun > causes {
		return fmt.Sprintf("%d runs have begun, which is more than the edits, tokens and faults can cause", begun)
	}
	return ""
}

// L3.
func idle(m *model, s *state) string {
	u, st, d := m.supersets.items[s.live.superset], m.statusOf(&s.live), m.decidedIn(s)
	switch {
	case st.phase == pFailed && m.failsWithoutCause(s, st):
		return "Failed without a cause: " + st.reason
	case d.move != "" && !u.paused:
		return "a pending move is not made"
	case !m.mayRest(s):
		return "no step is possible in " + string(st.phase.name())
	case st.phase == pReady && u.desired == st.release:
		return idleInReady(s, st, d)
	default:
		return ""
	}
}

// idleInReady checks a Superset in Ready that is at the desired release.
func idleInReady(s *state, st *status, d decided) string {
	switch {
	case d.recheck:
		return "Ready, but a recheck is scheduled"
	case !stuck(s) && !matchesRelease(s, st.release):
		return "Ready, but a tier does not match its release"
	default:
		return ""
	}
}

// faulty is true once a fault was used up: of a Job, of a pod, or a result that was lost.
func (m *model) faulty(s *state) bool {
	all := m.scenario.Budgets
	return all.Fails != s.left.Fails || all.Vanishes != s.left.Vanishes
}

// failsWithoutCause is true for a failure without a reason, or one that no fault or token and no rule
// or state of the database has caused.
func (m *model) failsWithoutCause(s *state, st *status) bool {
	all := m.scenario.Budgets
	return st.reason == "" || !m.faulty(s) && all.Tokens == s.left.Tokens && !refused(s, st)
}

// mayRest is true if the machine may stay in the state: in a resting phase, paused, at a gate, or
// waiting for the acceptance of a data loss.
func (m *model) mayRest(s *state) bool {
	u := m.supersets.items[s.live.superset]
	d := m.decidedIn(s)
	return m.statuses[u.status].phase.resting() || u.paused || d.gate || d.loss != 0
}

// refused is true for a failure that the rules or the database require: the schema is ahead of the
// target and the pair is not tested, or secrets are encrypted with a key that the target does not
// have.
func refused(s *state, st *status) bool {
	to := &releases[st.to]
	switch st.reason {
	case v1alpha1.ReasonDowngradeRefused, v1alpha1.ReasonVersionSkip, v1alpha1.ReasonUnsupportedVersion, v1alpha1.ReasonSpecInvalid:
		return true
	case string(migrations.ReasonDatabaseAhead):
		return s.schema == releases[relE].head && to.head < s.schema
	case string(migrations.ReasonSecretKeyInvalid):
		return s.key != to.key && s.key != to.before
	default:
		return false
	}
}

// matchesRelease is true if every tier matches a release and is settled.
func matchesRelease(s *state, r release) bool {
	for i, t := range s.live.tiers {
		if releases[r].has[i] != t.exists() || t.exists() && (t.release != r || !t.serves() || !t.is(tierSettled)) {
			return false
		}
	}
	return true
}
