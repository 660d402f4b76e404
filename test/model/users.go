// SPDX-License-Identifier: Apache-2.0

package model

// users yields the actions of users: edits of spec, annotations, and deleted components.
func (m *model) users(s *state, yield yielder) {
	u := m.supersets.items[s.live.superset]
	set := func(n state, to superset, by step) {
		n.live.superset = m.supersets.id(to)
		n.asked = m.scenario.Budgets.Renderers > 0 && (n.asked || by.asks())
		m.emit(s, &n, by, kindSuperset, yield)
	}
	if s.left.Edits > 0 {
		for _, r := range m.scenario.Targets {
			if n, to := *s, u; r != u.desired {
				n.left.Edits--
				to.desired = r
				set(n, to, step{what: stepEdit, arg: uint8(r)})
			}
		}
	}
	if s.left.Tokens > 0 {
		n, to := *s, u
		n.left.Tokens--
		to.rollback++
		set(n, to, step{what: stepRollback})
		to = u
		to.retry++
		set(n, to, step{what: stepRetry})
	}
	if n, to := *s, u; u.paused || s.left.Pauses > 0 {
		if !u.paused {
			n.left.Pauses--
		}
		to.paused = !u.paused
		set(n, to, step{what: stepPause})
	}
	m.approvals(s, u, set)
	m.acceptances(s, u, set)
	m.deletions(s, yield)
}

// approvals yields the approvals that the status asks for.
func (m *model) approvals(s *state, u superset, set func(state, superset, step)) {
	st := &m.statuses[u.status]
	if m.scenario.Policy.Approval == "" && len(m.scenario.Policy.Gates) == 0 || st.planHash == "" {
		return
	}
	texts := []string{st.planHash}
	for _, gate := range m.scenario.Policy.Gates {
		texts = append(texts, st.planHash+"/"+string(gate))
	}
	for i, text := range texts {
		to := u
		to.approve = uint16(m.texts.id(text))
		if to != u {
			set(*s, to, step{what: stepApprove, arg: uint8(i)})
		}
	}
}

// acceptances yields the acceptance of the data loss that the operator reports.
func (m *model) acceptances(s *state, u superset, set func(state, superset, step)) {
	if s.stale != 0 {
		return // the token is in the status; states with current caches are sufficient
	}
	if loss := m.decidedIn(s).loss; loss != 0 && loss != u.accept {
		u.accept = loss
		set(*s, u, step{what: stepAccept})
	}
}

// deletions yields the deletion of a component by a user: the object is removed immediately, and its
// pods terminate.
func (m *model) deletions(s *state, yield yielder) {
	if s.left.Drifts == 0 {
		return
	}
	for i, t := range s.live.tiers {
		if !t.exists() {
			continue
		}
		n := *s
		n.left.Drifts--
		n.live.tiers[i] = tier{flags: t.flags & tierRemade}
		m.emit(s, &n, step{what: stepDrift, arg: uint8(i)}, i, yield)
	}
}
