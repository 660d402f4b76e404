// SPDX-License-Identifier: Apache-2.0

package model

// end is one way for a Job to go on.
type end struct {
	at    jobState
	fails bool
}

// jobs are what Jobs do: each takes one step at a time.
func (m *model) jobs(s *state, yield yielder) {
	list := m.jobLists.items[s.live.jobs]
	for i, j := range list {
		switch {
		case j.at == noJob:
			return
		case j.at.runs():
			m.runs(s, list, i, yield)
		case passes(j.at) && !j.rested:
			n := *s
			list[i].rested = true
			n.live.jobs = m.jobLists.id(list)
			m.emit(s, &n, step{what: stepRest, arg: uint8(i)}, kindJobs, yield)
			list[i] = j
		}
	}
}

// passes is true for the end of a Job that is tried again after a pause.
func passes(at jobState) bool {
	switch at {
	case failedForNow, lockTimeout, tablesBusy, crashed, crashedLate:
		return true
	default:
		return false
	}
}

// runs yields the ways in which one Job that runs can go on.
func (m *model) runs(s *state, list jobList, i int, yield yielder) {
	for _, e := range m.ends(s, list, i) {
		n, next := *s, list
		if e.fails {
			if n.left.Fails == 0 {
				continue
			}
			n.left.Fails--
		}
		m.enters(&n, &next[i], e.at)
		n.live.jobs = m.jobLists.id(next)
		m.emit(s, &n, step{what: stepJob, arg: uint8(i), fails: e.fails}, kindJobs, yield)
	}
}

// ends are the ways of a Job.
func (m *model) ends(s *state, list jobList, i int) []end {
	j := list[i]
	if scripts[j.script].changes {
		return m.changeEnds(s, list, i)
	}
	at := succeeded
	switch j.script {
	case preflight:
		at = proven(s, j)
	case verify:
		if !j.takes(s.schema) || s.dirty || s.key != releases[j.release].key {
			at = mismatch
		}
	default:
	}
	return []end{{at: at}, {failedForGood, true}, {failedForNow, true}}
}

// proven is how a preflight ends.
func proven(s *state, j job) jobState {
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

// takes is true for a revision of the database that verify is content with.
func (j job) takes(revision uint8) bool {
	if j.expects == 0 {
		return revision == releases[j.release].head
	}
	return j.expects&(1<<revision) != 0
}

// changeEnds are the ways of a Job that changes the database: it waits for its
// lock, changes it, does what is left to do, and may fail or crash in between.
func (m *model) changeEnds(s *state, list jobList, i int) []end {
	j := list[i]
	switch j.at {
	case active:
		return []end{{at: m.begins(s, list, i)}, {failedForGood, true}, {failedForNow, true}}
	case inside:
		ends := []end{{at: committed}, {failedInside, true}, {crashed, true}}
		if j.polite && s.schema < releases[j.release].head {
			ends = append(ends, end{overBudget, true}, end{tablesBusy, true})
		}
		return ends
	default:
		ends := []end{{at: succeeded}, {crashedLate, true}}
		if j.script == migrate {
			ends = append(ends, end{initFailed, true})
		}
		return ends
	}
}

// begins is what becomes of a Job that asks for the database's lock.
func (m *model) begins(s *state, list jobList, i int) jobState {
	j := list[i]
	switch {
	case m.premises.DatabaseLock && othersInside(list, i):
		return lockTimeout
	case j.script == migrate && s.schema > releases[j.release].head:
		return databaseAhead
	case j.script != restore && s.dirty:
		return failedInside // it trips over what is there
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

// enters is what a Job does to the database as it comes to a state, and what it
// has read there when it ends.
func (m *model) enters(n *state, j *job, at jobState) {
	broken := j.at == inside && (at == failedInside || at == crashed)
	switch {
	case at == committed:
		n.commit(j)
	case at == succeeded && j.script == backup:
		n.dump(j)
	case broken && m.scenario.Database != postgresql:
		n.dirty = true // without transactional DDL it stays between two schemas
	}
	j.at = at
	if reads(at) {
		j.revision = n.schema
	}
}

// reads is true for an end with a word about the database's revision.
func reads(at jobState) bool {
	return !at.runs() && at != failedForNow && at != crashed && at != crashedLate
}

// commit is the change that a Job makes.
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

// load puts a backup back.
func (s *state) load(fence uint8) {
	for _, d := range s.backups {
		if d.fence == fence && fence > 0 {
			s.schema, s.key, s.dirty = d.schema, d.key, false
		}
	}
}

// dump keeps a backup, and the newest of those before it.
func (s *state) dump(j *job) {
	if s.backups[0].fence == j.backup {
		return // it is whole already
	}
	copy(s.backups[1:], s.backups[:keepBackups-1])
	s.backups[0] = dump{j.backup, s.schema, s.key}
	j.kept = s.backups[1].fence
}
