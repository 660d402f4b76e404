// SPDX-License-Identifier: Apache-2.0

package model

// end is a possible next state of a Job.
type end struct {
	at    jobState
	fails bool
}

// jobs yields the steps of the Jobs.
func (m *model) jobs(s *state, yield yielder) {
	list := m.jobLists.items[s.live.jobs]
	for i, j := range list {
		switch {
		case j.at == noJob:
			return
		case j.at.runs():
			m.runs(s, list, i, yield)
		case (retryable(j.at) || j.lost) && !j.backedOff:
			n := *s
			list[i].backedOff = true
			n.live.jobs = m.jobLists.id(list)
			m.emit(s, &n, step{what: stepBackoff, arg: uint8(i)}, kindJobs, yield)
			list[i] = j
		}
	}
}

// vanishes yields the deletion of the pod of an ended Job, and of the Job itself.
func (m *model) vanishes(s *state, yield yielder) {
	if s.left.Vanishes == 0 {
		return
	}
	list := m.jobLists.items[s.live.jobs]
	for i, j := range list {
		if j.at == noJob || j.at.runs() {
			continue
		}
		n, next := *s, list
		n.left.Vanishes--
		if !j.lost {
			next[i].lost = true
			n.live.jobs = m.jobLists.id(next)
			m.emit(s, &n, step{what: stepVanish, arg: uint8(i)}, kindJobs, yield)
		}
		n.live.jobs = m.jobLists.id(list.without(func(other job) bool { return other == j }))
		m.emit(s, &n, step{what: stepVanish, arg: uint8(i), hides: true}, kindJobs, yield)
	}
}

// retryable is true for a failure that is retried after a backoff.
func retryable(at jobState) bool {
	switch at {
	case failedRetryable, lockTimeout, tablesBusy, crashed, crashedAfterCommit:
		return true
	default:
		return false
	}
}

// runs yields the next states of an active Job.
func (m *model) runs(s *state, list jobList, i int, yield yielder) {
	for _, e := range m.ends(s, list, i) {
		n, next := *s, list
		if e.fails {
			if n.left.Fails == 0 {
				continue
			}
			n.left.Fails--
		}
		m.enter(&n, &next[i], e.at)
		n.live.jobs = m.jobLists.id(next)
		m.emit(s, &n, step{what: stepJob, arg: uint8(i), fails: e.fails}, kindJobs, yield)
	}
}

// ends returns the possible next states of a Job.
func (m *model) ends(s *state, list jobList, i int) []end {
	j := list[i]
	if scripts[j.script].changes {
		return m.changeEnds(s, list, i)
	}
	at := succeeded
	switch j.script {
	case preflight:
		at = preflightEnd(s, j)
	case verify:
		if !j.accepts(s.schema) || s.dirty || s.key != releases[j.release].key {
			at = mismatch
		}
	default:
	}
	return []end{{at: at}, {failedPermanently, true}, {failedRetryable, true}}
}

// preflightEnd is the final state of a preflight Job.
func preflightEnd(s *state, j job) jobState {
	r := &releases[j.release]
	switch {
	case s.schema > r.head:
		return databaseAhead
	case s.key != 0 && s.key != r.key && s.key != r.before:
		return keyInvalid
	default:
		return succeeded
	}
}

// accepts is true for a revision that verify accepts.
func (j job) accepts(revision uint8) bool {
	if j.expects == 0 {
		return revision == releases[j.release].head
	}
	return j.expects&(1<<revision) != 0
}

// changeEnds returns the possible next states of a Job that changes the database. It gets the lock,
// commits its change, and ends; it can fail or crash between these steps.
func (m *model) changeEnds(s *state, list jobList, i int) []end {
	j := list[i]
	switch j.at {
	case active:
		return []end{{at: m.requestLock(s, list, i)}, {failedPermanently, true}, {failedRetryable, true}}
	case inside:
		ends := []end{{at: committed}, {failedInChange, true}, {crashed, true}}
		if j.polite && s.schema < releases[j.release].head {
			ends = append(ends, end{overBudget, true}, end{tablesBusy, true})
		}
		return ends
	default:
		ends := []end{{at: succeeded}, {crashedAfterCommit, true}}
		if j.script == migrate {
			ends = append(ends, end{initFailed, true})
		}
		return ends
	}
}

// requestLock is the next state of a Job that requests the database lock.
func (m *model) requestLock(s *state, list jobList, i int) jobState {
	j := list[i]
	switch {
	case m.premises.DatabaseLock && othersInside(list, i):
		return lockTimeout
	case j.script == migrate && s.schema > releases[j.release].head:
		return databaseAhead
	case j.script != restore && s.dirty:
		return failedInChange // the schema is partially migrated
	default:
		return inside
	}
}

func othersInside(list jobList, i int) bool {
	for k, j := range list {
		if k != i && (j.at == inside || j.at == committed) {
			return true
		}
	}
	return false
}

// enter applies the effect of a Job on the database when it enters a state, and sets the revision
// that it reports.
func (m *model) enter(n *state, j *job, at jobState) {
	broken := j.at == inside && (at == failedInChange || at == crashed)
	switch {
	case at == committed:
		n.commit(j)
	case at == succeeded && j.script == backup:
		n.dump(j)
	case broken && m.scenario.Database != postgresql:
		n.dirty = true // without transactional DDL the schema is partially migrated
	}
	j.at = at
	if reportsRevision(at) {
		j.revision = n.schema
	}
}

// reportsRevision is true for a final state that reports the revision of the database.
func reportsRevision(at jobState) bool {
	return !at.runs() && at != failedRetryable && at != crashed && at != crashedAfterCommit
}

// commit applies the change of a Job to the database.
func (s *state) commit(j *job) {
	r := &releases[j.release]
	switch j.script {
	case migrate:
		s.schema, s.dirty = max(s.schema, r.head), false
		if s.key == 0 || j.reencrypts {
			s.key = r.key
		}
	case downgrade:
		if j.to > 0 {
			s.schema = j.to
		}
		if j.reencrypts {
			s.key = r.before
		}
	case restore:
		s.load(j.backup)
	default:
	}
}

// load restores a backup.
func (s *state) load(fence uint8) {
	for _, d := range s.backups {
		if d.fence == fence && fence > 0 {
			s.schema, s.key, s.dirty = d.schema, d.key, false
		}
	}
}

// dump stores a backup and keeps the newest of the earlier ones.
func (s *state) dump(j *job) {
	if s.backups[0].fence == j.backup {
		return // an earlier attempt has completed it
	}
	copy(s.backups[1:], s.backups[:keepBackups-1])
	s.backups[0] = dump{j.backup, s.schema, s.key}
	j.kept = s.backups[1].fence
}
