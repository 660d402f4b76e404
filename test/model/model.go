// SPDX-License-Identifier: Apache-2.0

package model

import (
	"hash/maphash"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Scenario is an initial state and the events that can follow.
type Scenario struct {
	// Name of the scenario, and a short description.
	Name, Text string
	// Policy has the upgrade settings of spec.
	Policy machine.Policy
	// Database is the dialect: postgresql or mysql.
	Database string
	// Path are the releases that are installed in this order before the search; empty to begin with
	// a new Superset.
	Path []release
	// Targets are the releases that users can set in spec.
	Targets []release
	// Budgets limit how often each event can happen.
	Budgets budgets
	// LateJobs: a leader that has lost its lease can still create a Job that changes the schema. The
	// API server cannot reject it; only the database lock protects against it.
	LateJobs bool
}

// Premises are the code under test and the guarantees that it relies on. Production returns the
// real ones; a mutant changes one.
type Premises struct {
	// Decide and Advance are the state machine.
	Decide  func(*machine.Observation) lifecycle.Decision
	Advance func(*machine.Observation, *lifecycle.Decision, int) (*v1alpha1.SupersetStatus, error)
	// InUse is true for a release that Prune keeps.
	InUse func(*model, *view, release) bool
	// OptimisticLock: a status write that is based on an older object is rejected.
	OptimisticLock bool
	// FenceRule: the API server rejects a lower fence.
	FenceRule bool
	// ResourceVersion: an apply is rejected if the object has changed since it was read.
	ResourceVersion bool
	// LiveRead: the Superset is read from the API server if an object carries a higher fence than
	// the cached one.
	LiveRead bool
	// DatabaseLock: a migration waits for the database lock.
	DatabaseLock bool
	// JobNames: the name of a Job is unique for its script, fence and attempt.
	JobNames bool
	// OwnJobs: the operator makes no decision before its cache shows the last Job that it created.
	OwnJobs bool
	// OwnStatus: the operator makes no decision before its cache shows the last status that it
	// wrote.
	OwnStatus bool
	// SlotCheck: a run begins only if its slot is still free.
	SlotCheck bool
	// Record is what the end of a Job does to the status.
	Record func(*machine.Observation) *v1alpha1.SupersetStatus
}

func decideOn(o *machine.Observation) lifecycle.Decision { return rules.Decide(machine.Of(o)) }

func advanceFrom(o *machine.Observation, d *lifecycle.Decision, limit int) (*v1alpha1.SupersetStatus, error) {
	return lifecycle.Advance(machine.Of(o), d, limit)
}

func recordOf(o *machine.Observation) *v1alpha1.SupersetStatus {
	return lifecycle.Record(machine.Of(o))
}

// Production returns the premises of the real operator.
func Production() Premises {
	return Premises{Decide: decideOn, Advance: advanceFrom, InUse: inUse,
		OptimisticLock: true, FenceRule: true, ResourceVersion: true, LiveRead: true,
		DatabaseLock: true, JobNames: true, OwnJobs: true, OwnStatus: true, SlotCheck: true, Record: recordOf}
}

// model is a scenario with its premises and the tables of interned values.
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
	// illegal are moves that are not in the table of phases.
	illegal []error
	seed    maphash.Seed
	// base is the fence at the start of the search.
	base uint8
}

func newModel(s *Scenario, p Premises) *model {
	m := &model{scenario: s, premises: p, supersets: newTable[superset](), jobLists: newTable[jobList](), stores: newTable[store](),
		texts: newTable[string](), statusIDs: map[string]uint32{}, verdictIDs: map[view]uint32{}, verdicts: make([]verdict, 1), seed: maphash.MakeSeed()}
	m.statusID(&v1alpha1.SupersetStatus{})
	return m
}

// first is the state in which the search begins: the last installed release runs, and all budgets
// are left.
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

// settle takes the first possible fair step until there is none.
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
	panic("the model does not become idle: " + m.describe(&s))
}
