// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// I15.
func rendersOnce(c *change) string {
	if !c.writes() {
		return ""
	}
	switch c.by.write.kind {
	case writeStatus:
		return c.beginsAsked()
	case writeApplyTier:
		return c.appliesTarget()
	case writeRunJob:
		return c.migratesRollout()
	default:
		return ""
	}
}

// beginsAsked checks the cause of a run that begins, and that a run keeps its target.
func (c *change) beginsAsked() string {
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	switch c.by.write.event {
	case lifecycle.Begin:
		if was.phase == pReady {
			return c.rollsOut(was, is)
		}
	case lifecycle.RollBack:
		if !was.phase.resting() && is.reason != "" {
			return "" // because of a failure
		}
	default:
		return keepsTarget(was, is)
	}
	if c.before.asked || c.m.scenario.Budgets.Renderers == 0 || !c.keepsRun(was) {
		return ""
	}
	return fmt.Sprintf("%s from %s without an edit, a token or a failure", c.by.write.event, was.phase.name())
}

// keepsTarget checks that a run keeps its target.
func keepsTarget(was, is *status) string {
	if was.to != is.to && !was.phase.resting() && !is.phase.resting() {
		return fmt.Sprintf("the target of the run changes from %s to %s", releases[was.to].hash, releases[is.to].hash)
	}
	return ""
}

// keepsRun is true if only a user or a failure may replace the run. A run in Validate whose plan is
// not stored begins again with the other rendering.
func (c *change) keepsRun(was *status) bool {
	switch was.phase {
	case pNone, pPending, pReady:
		return false
	case pValidate:
		planned := c.m.texts.items[c.m.stores.items[c.before.live.store][was.to].plan]
		return c.before.stale&(1<<kindStore) == 0 && was.planHash != "" && planned == was.planHash
	default:
		return true
	}
}

// rollsOut checks a run that begins in Ready and changes only the rendering.
func (*change) rollsOut(was, is *status) string {
	if is.to.wish() != was.release.wish() {
		return ""
	}
	if kind := is.full.Upgrade.Kind; kind != v1alpha1.KindConfigChange {
		return fmt.Sprintf("a rollout of another rendering is of kind %s", kind)
	}
	if is.to == was.release {
		return "a run begins to the release that runs"
	}
	return ""
}

// appliesTarget checks that an existing tier changes only to the target of the run, the rollback
// target, or in a resting phase to the running release.
func (c *change) appliesTarget() string {
	w, st := c.applied(), &c.m.statuses[c.by.verdict.status]
	want := st.to
	switch {
	case st.phase == pRollback:
		want = st.back
	case st.phase.resting():
		want = st.release
	}
	if r := w.want.release; w.seen.exists() && r != w.seen.release && r != want {
		return fmt.Sprintf("the %s changes from %s to %s, but the target is %s", tierNames[w.tier], releases[w.seen.release].hash, releases[r].hash, releases[want].hash)
	}
	return ""
}

// migratesRollout checks that a run which changes only the rendering does not migrate.
func (c *change) migratesRollout() string {
	j, st := c.made(), &c.m.statuses[c.by.verdict.status]
	rollout := st.to != st.release && st.to.wish() == st.release.wish()
	if rollout && j.script == migrate && c.before.schema >= releases[st.to].head && !c.before.dirty {
		return "a rollout of another rendering migrates a schema that is at its head"
	}
	return ""
}
