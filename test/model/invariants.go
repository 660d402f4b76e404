// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Invariant is a law of the machine.
type Invariant struct {
	Name, Says string
	// Step says what is wrong with a step, Rest what is wrong with a state in
	// which nothing happens by itself; empty for nothing. Both are nil for one
	// that is judged by the whole graph.
	Step func(*change) string
	Rest func(*model, *state) string
}

// Invariants are the laws of the machine, as the model can express them. What
// it cannot is held elsewhere:
//
//   - I12 (a deletion in any phase ends with no child): there is no finalizer,
//     the operator looks away once an object is being deleted, and the garbage
//     collector does the rest, which no pure model has. The integration tests
//     hold it on a real API server with its collector.
//   - I11, the length of pauses: time is abstracted to "the pause is over".
//     TestBackoff of internal/lifecycle holds that they grow.
//   - I1 across Supersets that share a database: the lock is the database's, and
//     the tests of the migrate script hold it there.
var Invariants = []Invariant{
	{Name: "I1", Says: "at most one Job at a time changes the schema, and never two at once are inside the database", Step: oneMigration},
	{Name: "I2", Says: "no component serves a release before the schema is at least at its head, and what is stored is encrypted with its key", Step: schemaFirst},
	{Name: "I3", Says: "no component changes its release while the schema is being changed or half changed, and no Job changes it beside pods that must not run beside it", Step: nothingBeside},
	{Name: "I4", Says: "forward web comes after the workers and the scheduler is released after them; backward the database goes first and the scheduler is released last", Step: inOrder},
	{Name: "I5", Says: "a Job's name is made from script, fence and attempt, no two Jobs share one, and a fence has one Job at a time", Step: oneJob},
	{Name: "I6", Says: "phases change along the table, and a run that begins or turns back has a new fence", Step: alongTable},
	{Name: "I7", Says: "a release counts as the one that runs only when every tier runs it, on its schema, and verify passed under this very fence", Step: readyIsReady},
	{Name: "I8", Says: "status.release changes by Verified, Restored and Reverted alone, to where the run leads", Step: releaseByProof},
	{Name: "I9", Says: "a write that was worked out under a fence changes nothing that was made under a later one", Step: fenced},
	{Name: "I10", Says: "a target that the rules refuse, or that cannot be rendered, causes no write but of status", Step: refusedUntouched},
	{Name: "I11", Says: "a step is tried three times at most, waits for others left out, and never before its pause is over", Step: boundedAttempts},
	{Name: "I13", Says: "a paused Superset moves nothing, starts no Job and changes no component", Step: pausedRests},
	{Name: "I14", Says: "what a way back needs stays in store, and no tier is removed that its release has", Step: nothingNeededIsGarbage},
	{Name: nameL1, Says: "from every state one of rest is reached without a person: Ready, RolledBack, Failed, paused or at a gate"},
	{Name: nameL2, Says: "the operator and its caches never go round in a circle, and no run begins without an edit, a token or a fault", Step: noRunOfItsOwn},
	{Name: "L3", Says: "at rest there is nothing to do and no timer, and Failed has a reason: a fault, a token or a refusal", Rest: silent},
}

// change is a step, for invariants to judge.
type change struct {
	m             *model
	before, after *state
	by            step
}

// writes is true for a write of the operator that the API server took and that
// changed something.
func (c *change) writes() bool { return c.by.write != nil && c.by.kind != noKind }

// applied is the write, if it gave a component another spec.
func (c *change) applied() *write {
	if c.writes() && c.by.write.kind == lifecycle.ApplyTier {
		return c.by.write
	}
	return nil
}

// comesToServe is the write, if a component comes to serve a release by it.
func (c *change) comesToServe() *write {
	w := c.applied()
	if w == nil || w.want.is(tierHolds) {
		return nil
	}
	if was := c.before.live.tiers[w.tier]; was.serves() && was.release == w.want.release {
		return nil
	}
	return w
}

// made is the Job that the write made, if it made one.
func (c *change) made() *job {
	if c.writes() && c.by.write.kind == lifecycle.RunJob {
		return &c.by.write.job
	}
	return nil
}

// I1. The API has no fence across an object and a Job, so a leader that lost its
// lease may start a second one: then the database's lock alone stands between.
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
		return "two migrations are inside the database"
	case runs > 1 && c.m.scenario.Budgets.Zombies == 0:
		return "two migrate Jobs run"
	default:
		return ""
	}
}

// I2.
func schemaFirst(c *change) string {
	w := c.comesToServe()
	if w == nil {
		return ""
	}
	if r := releases[w.want.release]; c.before.key != r.key {
		return fmt.Sprintf("the %s serves %s, and what is stored is encrypted with another key", tierNames[w.tier], r.hash)
	}
	if head := releases[w.want.release].head; c.before.schema < head {
		return fmt.Sprintf("the %s serves %s, which needs schema %d, on schema %d", tierNames[w.tier], releases[w.want.release].hash, head, c.before.schema)
	}
	return ""
}

// I3.
func nothingBeside(c *change) string {
	if j := c.made(); j != nil && scripts[j.script].changes && c.by.what == stepOperator {
		return besideMigration(c, j)
	}
	w := c.applied()
	if w == nil || w.want.release == c.before.live.tiers[w.tier].release || !c.before.live.tiers[w.tier].exists() {
		return ""
	}
	if c.before.dirty {
		return fmt.Sprintf("the %s changes while the schema is half changed", tierNames[w.tier])
	}
	if c.isInside() && !c.usurpedByJob() {
		return fmt.Sprintf("the %s changes while a migration is inside the database", tierNames[w.tier])
	}
	return ""
}

// isInside is true while a Job has the database's lock and has not committed.
func (c *change) isInside() bool {
	for _, j := range c.m.jobList(&c.before.live) {
		if j.at == inside {
			return true
		}
	}
	return false
}

// besideMigration looks at the pods as a migration starts. A component that
// somebody deleted has left pods that nobody counts.
func besideMigration(c *change, j *job) string {
	drains := c.m.statuses[c.by.verdict.status].strategy != v1alpha1.StrategyRolling || j.script != migrate
	for i, p := range c.before.live.pods {
		if p.count() > 0 && (i == lifecycle.Scheduler || drains) && !c.drifted() {
			return fmt.Sprintf("the %s Job starts beside a pod of the %s", scripts[j.script].name, tierNames[i])
		}
	}
	return ""
}

// drifted is true once somebody has deleted a component: what the machine had
// done may be undone, then, at any time.
func (c *change) drifted() bool { return c.after.left.Drifts < c.m.scenario.Budgets.Drifts }

// I4. A leader that comes late, or a tier that somebody deleted, may break the
// order; what it did is mended under the fence.
func inOrder(c *change) string {
	w, st := c.comesToServe(), c.m.statusOf(&c.before.live)
	if w == nil || c.by.what == stepLate || c.drifted() || c.m.statuses[c.by.verdict.status].fence != st.fence {
		return ""
	}
	was := c.before.live.tiers[w.tier]
	if !c.databaseIsBack(st) {
		return fmt.Sprintf("the %s goes back while the database is at %d, not at %d", tierNames[w.tier], c.before.schema, st.wayTo)
	}
	for _, tier := range comesAfter(st, w, was) {
		if releases[w.want.release].has[tier] && !c.arrived(tier, w.want.release) {
			return fmt.Sprintf("the %s serves %s before the %s does", tierNames[w.tier], releases[w.want.release].hash, tierNames[tier])
		}
	}
	return ""
}

// comesAfter are the tiers that must serve a release before another one does.
func comesAfter(st *status, w *write, was tier) []int {
	switch {
	case st.phase == pRollback && w.tier == lifecycle.Scheduler:
		return []int{lifecycle.Web, lifecycle.Worker}
	case st.phase == pRollback, st.phase.resting(), w.want.release != st.to, !was.exists(), w.tier == lifecycle.Worker:
		return nil
	default:
		return []int{lifecycle.Worker}
	}
}

// databaseIsBack is false in a rollback that has yet to take the schema back.
func (c *change) databaseIsBack(st *status) bool {
	takes := st.way == v1alpha1.RollbackDowngrade || st.way == v1alpha1.RollbackRestore
	return st.phase != pRollback || !takes || st.wayTo == 0 || c.before.schema == st.wayTo
}

// arrived is true when a tier serves a release.
func (c *change) arrived(tier int, r release) bool {
	t := c.before.live.tiers[tier]
	return t.release == r && t.serves() && (t.is(tierSettled) || c.before.live.pods[tier].stands == pod{release: r})
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
		return "two Jobs of the name " + mine.words()
	case running > 1:
		return fmt.Sprintf("%d Jobs run under fence %d", running, mine.fence)
	default:
		return ""
	}
}

// I6.
func alongTable(c *change) string {
	if len(c.m.illegal) > 0 {
		return c.m.illegal[0].Error()
	}
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	if c.by.write == nil || was.full == is.full {
		return ""
	}
	event := c.by.write.event
	if fences[event] != (is.fence > was.fence) {
		return fmt.Sprintf("%s leads from fence %d to fence %d", event, was.fence, is.fence)
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
		return fmt.Sprintf("%q leads from %s to %s", event, was.phase.name(), is.phase.name())
	}
	return ""
}

// fences are the moves that take the next fence.
var fences = map[lifecycle.Event]bool{lifecycle.Begin: true, lifecycle.RollBack: true, lifecycle.FallBack: true, lifecycle.NextClass: true}

// proves are the moves that make a release the one that runs.
func proves(e lifecycle.Event) bool {
	return e == lifecycle.Verified || e == lifecycle.Restored || e == lifecycle.Reverted
}

// I7.
func readyIsReady(c *change) string {
	if !c.writes() || !proves(c.by.write.event) {
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
			return fmt.Sprintf("the %s is %s", tierNames[i], tierWords(t, p))
		}
	}
	return ""
}

func (c *change) databaseIsAt(st *status) string {
	r, schema := releases[st.release], c.after.schema
	switch {
	case c.after.dirty, st.half:
		return "the schema is half changed"
	case c.after.key != r.key:
		return "what is stored is encrypted with another key"
	case c.usurpedByJob():
		return ""
	case schema < r.head, schema > r.head != st.ahead, st.revision != schema:
		return fmt.Sprintf("the schema is at %d; the release has %d, and status says %d, ahead: %v", schema, r.head, st.revision, st.ahead)
	default:
		return ""
	}
}

// isVerified looks for the verify Job. One that has succeeded may be gone by now,
// and stand in a cache that lags.
func (c *change) isVerified(st *status) string {
	for _, o := range []*objects{&c.after.live, &c.before.old} {
		for _, j := range c.m.jobList(o) {
			if j.script == verify && j.fence == st.fence && j.release == st.release && j.at == succeeded {
				return ""
			}
		}
	}
	return "no verify Job has succeeded under this fence"
}

// usurpedByJob is true once a leader that has lost its lease may have made a Job
// that changes the schema behind the machine's back.
func (c *change) usurpedByJob() bool {
	return c.m.scenario.LateJobs && c.after.left.Zombies < c.m.scenario.Budgets.Zombies
}

// I8.
func releaseByProof(c *change) string {
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	if was.release == is.release {
		return ""
	}
	if e := c.by.write.event; !proves(e) || is.release != is.to && is.release != is.back {
		return fmt.Sprintf("%q makes %s the release that runs", e, releases[is.release].hash)
	}
	return ""
}

// I9.
func fenced(c *change) string {
	if !c.writes() || c.by.write.kind != lifecycle.ApplyTier {
		return ""
	}
	i, decided := c.by.write.tier, c.m.statuses[c.by.verdict.status].fence
	was, is := c.before.live.tiers[i], c.after.live.tiers[i]
	switch {
	case !was.exists():
		return ""
	case is.fence < was.fence:
		return fmt.Sprintf("the fence of the %s shrinks from %d to %d", tierNames[i], was.fence, is.fence)
	case decided < was.fence && (was.release != is.release || was.is(tierHolds) != is.is(tierHolds)):
		return fmt.Sprintf("what was decided under fence %d changes the %s, which was made under fence %d", decided, tierNames[i], was.fence)
	}
	return ""
}

// I10.
func refusedUntouched(c *change) string {
	if !c.writes() {
		return ""
	}
	w := c.by.write
	for _, r := range []release{w.want.release, w.job.release, w.release} {
		if releases[r].invalid {
			return "a child of release " + releases[r].hash + ", which must be refused"
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
		case !j.rested:
			return "the pause before " + mine.words() + " is not over, or its failure does not pass"
		case mine.attempt-j.waits > 3 && j.at != lockTimeout:
			return mine.words() + " is one attempt too many"
		}
	}
	return ""
}

// I13.
func pausedRests(c *change) string {
	if !c.writes() || !c.by.verdict.paused {
		return ""
	}
	w := c.by.write
	at := c.m.statuses[c.by.verdict.status].phase
	switch {
	case w.kind == isStatus && w.event != "":
		return fmt.Sprintf("%s although paused", w.event)
	case w.kind == lifecycle.RunJob:
		return w.job.words() + " although paused"
	case w.kind == lifecycle.ApplyTier && w.seen.exists() && w.seen.release != w.want.release && !at.resting():
		return "the " + tierNames[w.tier] + " moves although paused"
	}
	return ""
}

// I14.
func nothingNeededIsGarbage(c *change) string {
	if !c.writes() {
		return ""
	}
	st := c.m.statusOf(&c.after.live)
	if why := c.removesNeeded(st); why != "" {
		return why
	}
	needed := []release{st.release, st.previous}
	if !st.phase.resting() {
		needed = append(needed, st.from, st.back, st.wayBy)
	}
	for _, r := range needed {
		if r != none && c.m.stores.items[c.after.live.store][r].revision == 0 {
			return "release " + releases[r].hash + " is not in store any more"
		}
	}
	return ""
}

// removesNeeded is true of the removal of a tier that the release has to which
// the run leads.
func (c *change) removesNeeded(st *status) string {
	w := c.by.write
	if w.kind != lifecycle.RemoveTier || c.by.what != stepOperator || c.m.statuses[c.by.verdict.status].fence != st.fence {
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
		return fmt.Sprintf("the %s is removed, although release %s has one", tierNames[w.tier], releases[r].hash)
	}
	return ""
}

// L2. An edit and a token begin a run and a way back at most; a fault ends one, and
// begins the way back or the next class of it.
func noRunOfItsOwn(c *change) string {
	if !c.writes() || c.by.write.event == "" {
		return ""
	}
	all, left := c.m.scenario.Budgets, c.after.left
	causes := 3 + 2*(all.Edits-left.Edits) + 2*(all.Tokens-left.Tokens) + 3*(all.Fails-left.Fails)
	if begun := c.m.statusOf(&c.after.live).fence - c.m.base; begun > causes {
		return fmt.Sprintf("%d runs have begun, and nothing asked for so many", begun)
	}
	return ""
}

// L3.
func silent(m *model, s *state) string {
	u, st, d := m.supersets.items[s.live.superset], m.statusOf(&s.live), m.decidedIn(s)
	switch {
	case st.phase == pFailed && m.failsForNothing(s, st):
		return "Failed although nothing went wrong: " + st.reason
	case d.move != "" && !u.paused:
		return "a move is due and nothing makes it"
	case !m.restful(s):
		return "nothing happens any more, in " + string(st.phase.name())
	case st.phase == pReady && u.desired == st.release:
		return readyAndSilent(s, st, d)
	default:
		return ""
	}
}

// readyAndSilent looks at a Superset that has what spec asks for.
func readyAndSilent(s *state, st *status, d decided) string {
	switch {
	case d.recheck:
		return "Ready, and a timer runs"
	case !stuck(s) && !asReleased(s, st.release):
		return "Ready, and a tier is not as its release says"
	default:
		return ""
	}
}

// failsForNothing is true for a failure without a reason, and for one that
// neither a fault nor a token brought about, nor the rules or the database.
func (m *model) failsForNothing(s *state, st *status) bool {
	all := m.scenario.Budgets
	return st.reason == "" || all.Fails == s.left.Fails && all.Tokens == s.left.Tokens && !refused(s, st)
}

// restful is true where the machine may stand still: in a resting phase, paused,
// in front of a gate, or where it waits for the word that data may be lost.
func (m *model) restful(s *state) bool {
	u := m.supersets.items[s.live.superset]
	d := m.decidedIn(s)
	return m.statuses[u.status].phase.resting() || u.paused || d.gate || d.loss != 0
}

// refused is true for a failure that the rules or the database demand: it is
// ahead of the target in a way that nobody has measured, or encrypted with a key
// that the target does not have.
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

// asReleased is true when every tier is what a release says, and says so itself.
func asReleased(s *state, r release) bool {
	for i, t := range s.live.tiers {
		if releases[r].has[i] != t.exists() || t.exists() && (t.release != r || !t.serves() || !t.is(tierSettled)) {
			return false
		}
	}
	return true
}
