// SPDX-License-Identifier: Apache-2.0

package model

import (
	"hash/maphash"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// Scenario is a world to begin with, and what may happen in it.
type Scenario struct {
	// Name of the scenario, and what it is for, in a few words.
	Name, Says string
	// Policy is what spec says of how to upgrade.
	Policy lifecycle.Policy
	// Database is the dialect: postgresql or mysql.
	Database string
	// Path are the releases that were installed in turn before the search begins;
	// empty to begin with nothing.
	Path []release
	// Targets are the releases that users may ask for.
	Targets []release
	// Budgets are how often each thing may happen.
	Budgets budgets
	// LateJobs: a leader that lost its lease may yet make a Job that changes the
	// schema. Nothing in the API can refuse it, only the database's lock.
	LateJobs bool
}

// Premises are the code under test and what it relies upon. The real ones are
// what Production returns; a mutant breaks one.
type Premises struct {
	// Decide and Advance are the machine.
	Decide  func(*lifecycle.Observation) lifecycle.Decision
	Advance func(*lifecycle.Observation, *lifecycle.Decision, int) (*v1alpha1.SupersetStatus, error)
	// InUse is what Prune leaves alone.
	InUse func(*model, *view, release) bool
	// OptimisticLock: a status that was worked out from an older object is refused.
	OptimisticLock bool
	// FenceRule: the API server refuses a fence that shrinks.
	FenceRule bool
	// ResourceVersion: an apply is refused when its object has changed since it was
	// seen.
	ResourceVersion bool
	// ReadsAfresh: a Superset that does not know a fence which something carries is
	// read past the cache.
	ReadsAfresh bool
	// DatabaseLock: a migration waits for the database's lock.
	DatabaseLock bool
	// JobNames: one Job for each script, fence and attempt.
	JobNames bool
	// OwnJobs: the operator decides nothing before its cache shows the Job that
	// it made last.
	OwnJobs bool
}

// Production is the operator as it is built.
func Production() Premises {
	return Premises{Decide: lifecycle.Decide, Advance: lifecycle.Advance, InUse: inUse,
		OptimisticLock: true, FenceRule: true, ResourceVersion: true, ReadsAfresh: true,
		DatabaseLock: true, JobNames: true, OwnJobs: true}
}

// model is a scenario under premises, with the tables of all that is interned.
type model struct {
	scenario  *Scenario
	premises  Premises
	supersets *table[superset]
	jobLists  *table[jobList]
	stores    *table[store]
	texts     *table[string]

	statusIDs  map[string]uint32
	statuses   []status
	verdictIDs map[view]uint32
	verdicts   []verdict
	// illegal are moves that the table of phases does not know.
	illegal []error
	seed    maphash.Seed
	// base is the fence under which the search begins.
	base uint8
}

func newModel(s *Scenario, p Premises) *model {
	m := &model{scenario: s, premises: p, supersets: newTable[superset](), jobLists: newTable[jobList](), stores: newTable[store](),
		texts: newTable[string](), statusIDs: map[string]uint32{}, verdictIDs: map[view]uint32{}, verdicts: make([]verdict, 1), seed: maphash.MakeSeed()}
	m.statusID(&v1alpha1.SupersetStatus{})
	return m
}

// first is the state in which the search begins: what was installed runs, and
// nothing has been spent.
func (m *model) first() state {
	path := m.scenario.Path
	if len(path) == 0 {
		s := state{left: m.scenario.Budgets}
		s.live.superset = m.supersets.id(superset{desired: relA})
		return s
	}
	var s state
	for _, r := range path {
		u := m.supersets.items[s.live.superset]
		u.desired = r
		s.live.superset = m.supersets.id(u)
		s = m.settle(s)
	}
	s.left = m.scenario.Budgets
	m.base = m.statusOf(&s.live).fence
	return s
}

// settle takes the first step that is possible, until none is.
func (m *model) settle(s state) state {
	for range 10_000 {
		next, found := s, false
		m.successors(&s, func(n *state, by step) {
			if !found && by.fair() && *n != s {
				next, found = *n, true
			}
		})
		if !found {
			return s
		}
		s = next
	}
	panic("the world never comes to rest: " + m.words(&s))
}
