// SPDX-License-Identifier: Apache-2.0

package model

import "github.com/superset-operator/superset-operator/internal/lifecycle"

// operator is what the operator may do next: begin to carry out a decision with
// its first write, or go on with the next one.
func (m *model) operator(s *state, yield yielder) {
	work := s.work
	if work.verdict == 0 {
		if s.made && m.premises.OwnJobs {
			return
		}
		if work = m.decide(s); work.verdict == 0 {
			return
		}
	}
	m.goOn(s, work, yield, step{what: stepOperator})
}

// lateLeader is what a leader that lost its lease may still do.
func (m *model) lateLeader(s *state, yield yielder) {
	if s.late.verdict != 0 {
		m.goOn(s, s.late, yield, step{what: stepLate})
	}
}

// goOn does the next write of a decision that changes anything.
func (m *model) goOn(s *state, work inflight, yield yielder, by step) {
	v := &m.verdicts[work.verdict]
	n := *s
	for i := int(work.next); i < len(v.writes); i++ {
		w := &v.writes[i]
		out := m.perform(&n, w, work.stale)
		last := i+1 == len(v.writes)
		rest := inflight{verdict: work.verdict, next: uint8(i + 1), stale: work.stale}
		switch {
		case out.refused && !last: // it is told to the user: the status is recorded all the same
			i = len(v.writes) - 2
			continue
		case out.ends || last:
			rest = inflight{}
		case !out.changed:
			continue
		}
		by.setRest(&n, rest)
		by.arg, by.write, by.verdict = uint8(i), w, v
		m.emit(s, &n, by, out.kind, yield)
		return
	}
}

// setRest notes what is left of a decision with who carries it out.
func (by step) setRest(n *state, rest inflight) {
	if by.what == stepLate {
		n.late = rest
		return
	}
	n.work = rest
}

// caches let one cache catch up.
func caches(s *state, yield yielder) {
	for kind := range kindCount {
		bit := uint8(1) << kind
		if s.lag&bit == 0 {
			continue
		}
		n := *s
		n.lag &^= bit
		n.made = n.made && kind != kindJobs
		if s.left.Crashes > 0 && (kind != kindJobs || !s.made) { // a restart may see it once more
			n.hidden |= bit
			yield(&n, step{what: stepCatchUp, arg: uint8(kind), hides: true})
		}
		n.hidden &^= bit
		n.old.clear(kind)
		yield(&n, step{what: stepCatchUp, arg: uint8(kind)})
	}
}

func (o *objects) clear(kind int) {
	var zero objects
	o.take(&zero, kind)
}

// restarts end the operator between two writes. What it sees then is what the
// API server holds, or old copies once more. Or it lives on without its lease.
func (m *model) restarts(s *state, yield yielder) {
	if s.left.Crashes > 0 && (s.work.verdict != 0 || s.hidden != 0) {
		n := *s
		n.left.Crashes--
		n.work = inflight{}
		n.lag |= n.hidden
		n.hidden = 0
		if n.made { // see doc.go
			n.lag, n.made = n.lag&^(1<<kindJobs), false
			n.old.clear(kindJobs)
		}
		yield(&n, step{what: stepCrash})
		if n.lag != 0 {
			n.lag, n.old = 0, objects{}
			yield(&n, step{what: stepCrash, hides: true})
		}
	}
	m.cutsOff(s, yield)
}

// cutsOff takes the lease from a leader that does not know, and has writes in hand.
func (m *model) cutsOff(s *state, yield yielder) {
	if s.left.Zombies == 0 || s.late.verdict != 0 {
		return
	}
	n := *s
	n.left.Zombies--
	n.late, n.work = s.work, inflight{}
	if n.late.verdict == 0 {
		n.late = m.decide(s)
	}
	if n.late.verdict != 0 && (m.scenario.LateJobs || !m.changesSchema(n.late)) {
		yield(&n, step{what: stepCutOff})
	}
}

// changesSchema is true for a decision with a Job that changes the schema among
// what is left of it.
func (m *model) changesSchema(work inflight) bool {
	for _, w := range m.verdicts[work.verdict].writes[work.next:] {
		if w.kind == lifecycle.RunJob && scripts[w.job.script].changes {
			return true
		}
	}
	return false
}

// emit yields what a write leads to: the cache of its kind follows, or lags.
func (m *model) emit(before, n *state, by step, kind int, yield yielder) {
	if kind == kindSuperset {
		n.work.stale = n.work.verdict != 0
		n.late.stale = n.late.verdict != 0
	}
	by.kind = int8(kind)
	makes := kind == kindJobs && by.what == stepOperator && by.write.kind == lifecycle.RunJob
	n.made = n.made || makes && n.lag&(1<<kindJobs) != 0
	n.sees(before, kind, makes)
	if mayLag(before, n, kind) {
		lagging := *n
		lagging.left.Lags--
		lagging.lag |= 1 << kind
		lagging.hidden &^= 1 << kind
		lagging.old.take(&before.live, kind)
		lagging.made = lagging.made || makes
		by.lags = true
		m.tidy(&lagging)
		yield(&lagging, by)
		by.lags = false
	}
	m.tidy(n)
	yield(n, by)
}

// sees lets go of old copies that are taken for impossible: see doc.go.
func (n *state) sees(before *state, kind int, makes bool) {
	if makes && n.hidden&(1<<kindJobs) != 0 {
		n.hidden &^= 1 << kindJobs
		n.old.clear(kindJobs)
	}
	if kind == kindPods && starts(before, n) {
		n.lag, n.hidden = n.lag&^(1<<kindPods), n.hidden&^(1<<kindPods)
		n.old.clear(kindPods)
	}
}

// mayLag is true where a cache may miss a write. That a pod has started is taken
// for seen: see doc.go.
func mayLag(before, n *state, kind int) bool {
	return kind != noKind && n.left.Lags > 0 && n.lag&(1<<kind) == 0 && (kind != kindPods || !starts(before, n))
}

// starts is true when a pod has started between two states.
func starts(before, n *state) bool {
	for i, p := range n.live.pods {
		if p.count() > before.live.pods[i].count() {
			return true
		}
	}
	return false
}

// tidy forgets Jobs that have ended under a fence that nobody is at any more.
func (m *model) tidy(n *state) {
	if n.late.verdict != 0 || n.lag&(1<<kindSuperset) != 0 || n.hidden&(1<<kindSuperset) != 0 {
		return
	}
	list := m.jobLists.items[n.live.jobs]
	if list[0].at == noJob {
		return
	}
	fence := m.statusOf(&n.live).fence
	if kept := list.without(func(j job) bool { return j.fence < fence && !j.at.runs() }); kept != list {
		n.live.jobs = m.jobLists.id(kept)
	}
}

// statusOf is what invariants ask of the stored status.
func (m *model) statusOf(o *objects) *status {
	return &m.statuses[m.supersets.items[o.superset].status]
}
