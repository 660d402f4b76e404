// SPDX-License-Identifier: Apache-2.0

package model

// outages yields long times that count for no deadline: without an operator, while the operator sees
// that the Superset is paused, and while it waits at a gate.
func (m *model) outages(s *state, yield yielder) {
	if s.left.Outages == 0 || m.statusOf(&s.live).phase.resting() {
		return
	}
	n := *s
	n.left.Outages--
	n.clock |= clockAway
	m.restart(&n, step{what: stepOutage, arg: 1}, yield)
	if s.work.verdict != 0 || s.stale != 0 || m.decide(s).verdict != 0 {
		return // the operator is at work
	}
	n = *s
	n.left.Outages--
	switch d := m.decidedIn(s); {
	case m.supersets.items[s.live.superset].paused:
		n.clock |= clockAway
		yield(&n, step{what: stepOutage})
	case d.gate:
		n.clock |= clockLate // the operator runs and looks
		yield(&n, step{what: stepOutage})
	}
}
