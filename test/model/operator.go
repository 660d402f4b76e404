// SPDX-License-Identifier: Apache-2.0

package model

// operator yields the next write of the operator: the first one of a new decision, or the next one of
// the current decision.
func (m *model) operator(s *state, yield yielder) {
	work := s.work
	if work.verdict == 0 {
		if s.made && m.premises.OwnJobs || s.wrote && m.premises.OwnStatus {
			return
		}
		if work = m.decide(s); work.verdict == 0 {
			return
		}
		if s.left.Slots > 0 && m.takesSlot(s, &m.verdicts[work.verdict].writes[0]) != "" {
			n := *s
			n.work = work
			yield(&n, step{what: stepDecide})
		}
	}
	m.continueWork(s, work, yield, step{what: stepOperator})
}

// lateLeader yields the next write of a leader that has lost its lease.
func (m *model) lateLeader(s *state, yield yielder) {
	if s.late.verdict != 0 {
		m.continueWork(s, s.late, yield, step{what: stepLate})
	}
}

// continueWork performs the next write of a decision that changes something.
func (m *model) continueWork(s *state, work inflight, yield yielder, by step) {
	v := &m.verdicts[work.verdict]
	n := *s
	for i := int(work.next); i < len(v.writes); i++ {
		w := &v.writes[i]
		out := m.perform(&n, w, work.stale)
		last := i+1 == len(v.writes)
		rest := inflight{verdict: work.verdict, next: uint8(i + 1), stale: work.stale}
		switch {
		case out.refused && !last: // reported to the user: the status is still recorded
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

// setRest stores the remaining writes of a decision.
func (by step) setRest(n *state, rest inflight) {
	if by.what == stepLate {
		n.late = rest
		return
	}
	n.work = rest
}

// caches yields the update of one stale cache.
func caches(s *state, yield yielder) {
	for kind := range kindCount {
		bit := uint8(1) << kind
		if s.stale&bit == 0 {
			continue
		}
		n := *s
		n.stale &^= bit
		n.made, n.wrote = n.made && kind != kindJobs, n.wrote && kind != kindSuperset
		if s.left.Crashes+s.left.Renderers+s.left.Outages > 0 && (kind != kindJobs || !s.made) { // a restarted operator may see it again
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

// restarts yields a restart of the operator between two writes, its replacement by the other release of
// it, and the loss of its lease.
func (m *model) restarts(s *state, yield yielder) {
	if s.left.Crashes > 0 && (s.work.verdict != 0 || s.hidden != 0) {
		n := *s
		n.left.Crashes--
		m.restart(&n, step{what: stepCrash}, yield)
	}
	if s.left.Renderers > 0 {
		n := *s
		n.left.Renderers--
		n.renderer = !n.renderer
		m.restart(&n, step{what: stepRenderer}, yield)
	}
	m.losesLease(s, yield)
}

// restart yields the states after a restart, with the old copies in the caches again, or with current
// caches.
func (m *model) restart(n *state, by step, yield yielder) {
	n.work = inflight{}
	n.stale |= n.hidden
	n.hidden = 0
	if n.made { // see doc.go
		n.stale, n.made = n.stale&^(1<<kindJobs), false
		n.old.clear(kindJobs)
	}
	if n.wrote && m.premises.OwnStatus || m.scenario.Budgets.Vanishes > 0 { // see doc.go
		n.stale, n.wrote = n.stale&^(1<<kindSuperset), false
		n.old.clear(kindSuperset)
	}
	yield(n, by)
	if n.stale != 0 {
		n.stale, n.old = 0, objects{}
		by.hides = true
		yield(n, by)
	}
}

// losesLease yields the loss of the lease by a leader with pending writes, which does not notice it.
func (m *model) losesLease(s *state, yield yielder) {
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
		yield(&n, step{what: stepLoseLease})
	}
}

// changesSchema is true if the remaining writes of a decision create a Job that changes the schema.
func (m *model) changesSchema(work inflight) bool {
	for _, w := range m.verdicts[work.verdict].writes[work.next:] {
		if w.kind == writeRunJob && scripts[w.job.script].changes {
			return true
		}
	}
	return false
}

// emit yields the state after a write, with a current and with a stale cache of its kind.
func (m *model) emit(before, n *state, by step, kind int, yield yielder) {
	if kind == kindSuperset {
		n.work.stale = n.work.verdict != 0
		n.late.stale = n.late.verdict != 0
	}
	by.kind = int8(kind)
	makes := kind == kindJobs && by.what == stepOperator && by.write.kind == writeRunJob
	n.made = n.made || makes && n.stale&(1<<kindJobs) != 0
	n.dropOld(before, kind, makes)
	if mayBeStale(before, n, kind) {
		behind := *n
		behind.left.Lags--
		behind.stale |= 1 << kind
		behind.hidden &^= 1 << kind
		behind.old.take(&before.live, kind)
		behind.made = behind.made || makes
		behind.wrote = behind.wrote || kind == kindSuperset && by.what == stepOperator
		by.stale = true
		m.tidy(&behind)
		yield(&behind, by)
		by.stale = false
	}
	m.tidy(n)
	yield(n, by)
}

// dropOld drops old copies that are assumed to be impossible: see doc.go.
func (n *state) dropOld(before *state, kind int, makes bool) {
	if makes && n.hidden&(1<<kindJobs) != 0 {
		n.hidden &^= 1 << kindJobs
		n.old.clear(kindJobs)
	}
	if kind == kindPods && podStarted(before, n) {
		n.stale, n.hidden = n.stale&^(1<<kindPods), n.hidden&^(1<<kindPods)
		n.old.clear(kindPods)
	}
}

// mayBeStale is true if a cache can miss a write. The start of a pod is assumed to be visible: see
// doc.go.
func mayBeStale(before, n *state, kind int) bool {
	return kind != noKind && n.left.Lags > 0 && n.stale&(1<<kind) == 0 && (kind != kindPods || !podStarted(before, n))
}

// podStarted is true if a pod has started between two states.
func podStarted(before, n *state) bool {
	for i, p := range n.live.pods {
		if p.count() > before.live.pods[i].count() {
			return true
		}
	}
	return false
}

// tidy removes ended Jobs of fences that are not current in any view.
func (m *model) tidy(n *state) {
	if n.late.verdict != 0 || n.stale&(1<<kindSuperset) != 0 || n.hidden&(1<<kindSuperset) != 0 {
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

// statusOf is the status of the Superset in a set of objects.
func (m *model) statusOf(o *objects) *status {
	return &m.statuses[m.supersets.items[o.superset].status]
}
