// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// L2. An edit or a token causes at most a run and a rollback. A fault ends a run, and causes a
// rollback or the next class of it. Another rendering of spec causes a run.
func runsHaveCauses(c *change) string {
	if !c.writes() || c.by.write.event == "" {
		return ""
	}
	all, left := c.m.scenario.Budgets, c.after.left
	causes := 3 + 2*(all.Edits-left.Edits) + 2*(all.Tokens-left.Tokens) + 3*(all.Fails-left.Fails) + all.Renderers - left.Renderers
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
	case st.phase == pReady:
		return idleInReady(s, u, st, d)
	default:
		return ""
	}
}

// idleInReady checks a Superset in Ready.
func idleInReady(s *state, u superset, st *status, d decided) string {
	switch {
	case u.desired.renderedBy(s.renderer) != st.release:
		if u.paused || d.loss != 0 {
			return ""
		}
		return "Ready, but spec asks for another release"
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
