// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

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

// arrived is true if a tier serves a release.
func (c *change) arrived(tier int, r release) bool {
	t := c.before.live.tiers[tier]
	return t.release == r && t.serves() && (t.is(tierSettled) || c.before.live.pods[tier].current == pod{release: r})
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
