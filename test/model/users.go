// SPDX-License-Identifier: Apache-2.0

package model

// users are what people do: to spec, to annotations, to what the operator made.
func (m *model) users(s *state, yield yielder) {
	u := m.supersets.items[s.live.superset]
	set := func(n state, to superset, by step) {
		n.live.superset = m.supersets.id(to)
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
	m.approves(s, u, set)
	m.accepts(s, u, set)
	m.drifts(s, yield)
}

// approves is a person who gives the approval that the status asks for.
func (m *model) approves(s *state, u superset, set func(state, superset, step)) {
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

// accepts is a person who accepts the loss of data that the operator names, by
// what the API server holds.
func (m *model) accepts(s *state, u superset, set func(state, superset, step)) {
	if s.lag != 0 {
		return // it is told with the status; a look at another moment is as good
	}
	if loss := m.decidedIn(s).loss; loss != 0 && loss != u.accept {
		u.accept = loss
		set(*s, u, step{what: stepAccept})
	}
}

// drifts are components that somebody deletes: the object is gone at once, and
// its pods are ending.
func (m *model) drifts(s *state, yield yielder) {
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
