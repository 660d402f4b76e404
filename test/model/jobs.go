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
			m.emit(s, &n, step{what: stepRest, arg: uint8(i)}, kindJobs, yield) //nolint:gosec // few Jobs
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
	j := list[i]
	var ends []end
	switch j.script {
	case migrate:
		ends = m.migrateEnds(s, list, i)
	case preflight:
		ends = []end{{at: succeeded}}
		if s.schema > releases[j.release].head {
			ends[0].at = databaseAhead
		}
	case verify:
		ends = []end{{at: mismatch}}
		if j.takes(s.schema) && !s.dirty {
			ends[0].at = succeeded
		}
	}
	if j.at == active && s.left.Fails > 0 {
		for _, at := range scripts[j.script].fails {
			ends = append(ends, end{at, true})
		}
	}
	for _, e := range ends {
		n, next := *s, list
		if e.fails {
			if n.left.Fails == 0 {
				continue
			}
			n.left.Fails--
		}
		m.enters(&n, &next[i], e.at)
		n.live.jobs = m.jobLists.id(next)
		m.emit(s, &n, step{what: stepJob, arg: uint8(i), fails: e.fails}, kindJobs, yield) //nolint:gosec // few Jobs
	}
}

// takes is true for a revision of the database that verify is content with.
func (j job) takes(revision uint8) bool {
	if j.expects == 0 {
		return revision == releases[j.release].head
	}
	return j.expects&(1<<revision) != 0
}

// migrateEnds are the ways of a migration: it waits for the database's lock,
// changes the schema, runs init, and may fail or crash in between.
func (m *model) migrateEnds(s *state, list jobList, i int) []end {
	j := list[i]
	switch j.at {
	case active:
		switch {
		case m.premises.DatabaseLock && othersInside(list, i):
			return []end{{at: lockTimeout}}
		case s.schema > releases[j.release].head:
			return []end{{at: databaseAhead}}
		}
		return []end{{at: inside}}
	case inside:
		ends := []end{{at: committed}, {failedForGood, true}, {crashed, true}}
		if j.polite && s.schema < releases[j.release].head {
			ends = append(ends, end{overBudget, true}, end{tablesBusy, true})
		}
		return ends
	default:
		return []end{{at: succeeded}, {initFailed, true}, {crashedLate, true}}
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
	head := releases[j.release].head
	switch {
	case at == committed:
		n.schema, n.dirty = max(n.schema, head), false
	case j.at == inside && (at == failedForGood || at == crashed) && m.scenario.Database != "postgresql" && n.schema < head:
		n.dirty = true // without transactional DDL it stays between two schemas
	}
	j.at = at
	if !at.runs() {
		j.revision = n.schema
	}
	if at == failedForNow || at == crashed || at == crashedLate {
		j.revision = 0 // nobody has read it
	}
}
