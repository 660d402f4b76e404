// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

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
