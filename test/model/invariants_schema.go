// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

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

// databaseIsReverted is false in a rollback before its downgrade or restore has ended.
func (c *change) databaseIsReverted(st *status) bool {
	takes := st.rollbackClass == v1alpha1.RollbackDowngrade || st.rollbackClass == v1alpha1.RollbackRestore
	return st.phase != pRollback || !takes || st.rollbackRevision == 0 || c.before.schema == st.rollbackRevision
}

// hasLateJob is true if a leader that has lost its lease may have created a Job that changes the
// schema.
func (c *change) hasLateJob() bool {
	return c.m.scenario.LateJobs && c.after.left.Zombies < c.m.scenario.Budgets.Zombies
}
