// SPDX-License-Identifier: Apache-2.0

package model

import (
	"hash/maphash"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// Search is the result of a search through a scenario.
type Search struct {
	Scenario string
	// States counts distinct states, Transitions the steps between them.
	States, Transitions int
	// Depth is the largest number of steps from the first state.
	Depth int
	Took  time.Duration
	// Broken is the violated invariant, Why the violation, and Trace a shortest trace to it; empty if
	// all invariants hold.
	Broken, Why string
	Trace       []string
	// Moves counts the recorded moves by phase and event.
	Moves map[Move]int
	// Full is false if the search stopped at its limit of states.
	Full bool
	// Tables are the numbers of interned values.
	Tables struct{ Views, Statuses, Supersets, Jobs int }
}

// Move is a row of the table of phases.
type Move struct {
	From v1alpha1.Phase
	On   lifecycle.Event
}

// Flags of an edge, in its lowest bits.
const (
	edgeOwn  = 1
	edgeFair = 2
	edgeBits = 2
)

// graph has for each state only its parent and its successors, not the state itself.
type graph struct {
	parent []uint32
	via    []uint16 // index among the successors of the parent
	first  []uint32 // index of the first edge of a state
	edges  []uint32 // number of the successor, and flags
	quiet  []uint8  // 1 if the machine may stay in the state
}

// explorer is the state of a search.
type explorer struct {
	m          *model
	invariants []Invariant
	seen       *set
	graph      graph
	frontier   []state
	next       []state
	result     Search
	limit      int
}

// Explore searches a scenario breadth first until an invariant is violated, all states are visited,
// or the limit of states is reached.
func Explore(s *Scenario, p Premises, invariants []Invariant, limit int) Search {
	began := time.Now()
	e := &explorer{m: newModel(s, p), invariants: invariants, seen: newSet(), limit: limit}
	e.result = Search{Scenario: s.Name, Moves: map[Move]int{}, Full: true}
	first := e.m.first()
	e.visit(&first, 0, 0)
	for len(e.next) > 0 && e.result.Broken == "" && e.result.Full {
		e.frontier, e.next = e.next, e.frontier[:0]
		e.level()
		e.result.Depth++
	}
	e.graph.first = append(e.graph.first, uint32(len(e.graph.edges)))
	e.result.States, e.result.Transitions = len(e.graph.parent), len(e.graph.edges)
	if e.result.Broken == "" && e.result.Full {
		e.liveness()
	}
	e.result.Tables.Views, e.result.Tables.Statuses = len(e.m.verdicts), len(e.m.statuses)
	e.result.Tables.Supersets, e.result.Tables.Jobs = len(e.m.supersets.items), len(e.m.jobLists.items)
	e.result.Took = time.Since(began)
	return e.result
}

// level expands all states of one depth.
func (e *explorer) level() {
	base := len(e.graph.first)
	for i := range e.frontier {
		s := &e.frontier[i]
		e.graph.first = append(e.graph.first, uint32(len(e.graph.edges)))
		e.graph.quiet = append(e.graph.quiet, 0)
		e.expand(s, uint32(base+i))
		if e.result.Broken != "" || !e.result.Full {
			return
		}
	}
}

// expand checks a state and all its steps.
func (e *explorer) expand(s *state, id uint32) {
	nth, moves := uint16(0), false
	e.m.successors(s, func(n *state, by step) {
		nth++
		if *n == *s || e.result.Broken != "" {
			return
		}
		c := change{m: e.m, before: s, after: n, by: by}
		e.check(&c, id)
		flags := uint32(0)
		if by.own() {
			flags |= edgeOwn
		}
		if by.fair() {
			flags |= edgeFair
			moves = true
		}
		to := e.visit(n, id, nth)
		e.graph.edges = append(e.graph.edges, to<<edgeBits|flags)
		e.count(&by, s)
	})
	if moves || e.result.Broken != "" {
		return
	}
	if e.m.mayRest(s) {
		e.graph.quiet[id] = 1
	}
	if broken, why := e.checkRest(s); broken != "" {
		e.violated(broken, why, id)
	}
}

// count counts a recorded move.
func (e *explorer) count(by *step, s *state) {
	if by.write != nil && by.write.event != "" && by.what == stepOperator && by.kind == kindSuperset {
		e.result.Moves[Move{e.m.statusOf(&s.live).phase.name(), by.write.event}]++
	}
}

// visit returns the number of a state, and queues the state if it is new.
func (e *explorer) visit(s *state, parent uint32, via uint16) uint32 {
	id, isNew := e.seen.add(maphash.Comparable(e.m.seed, *s))
	if isNew {
		e.graph.parent = append(e.graph.parent, parent)
		e.graph.via = append(e.graph.via, via)
		e.next = append(e.next, *s)
		if int(id)+1 >= e.limit {
			e.result.Full = false
		}
	}
	return id
}

// check checks the invariants on a step.
func (e *explorer) check(c *change, id uint32) {
	for i := range e.invariants {
		inv := &e.invariants[i]
		if inv.Step == nil {
			continue
		}
		if why := inv.Step(c); why != "" {
			e.violated(inv.Name, why, id)
			e.result.Trace = append(e.result.Trace, e.m.describeChange(c))
			return
		}
	}
}

// checkRest checks the invariants on a state without fair steps.
func (e *explorer) checkRest(s *state) (broken, why string) {
	for i := range e.invariants {
		if inv := &e.invariants[i]; inv.Rest != nil {
			if why := inv.Rest(e.m, s); why != "" {
				return inv.Name, why
			}
		}
	}
	return "", ""
}

// violated records a violated invariant with the trace to a state.
func (e *explorer) violated(name, why string, id uint32) {
	if e.result.Broken == "" {
		e.result.Broken, e.result.Why, e.result.Trace = name, why, e.trace(id)
	}
}

// set assigns numbers to fingerprints of 64 bits, with open addressing and without deletions. Two
// states with the same fingerprint would count as one; with 10^7 states the probability is about
// 1 in 300,000.
type set struct {
	prints []uint64
	ids    []uint32
	count  uint32
}

func newSet() *set { return &set{prints: make([]uint64, 1<<16), ids: make([]uint32, 1<<16)} }

// add returns the number of a fingerprint; isNew if it is new.
func (t *set) add(print uint64) (id uint32, isNew bool) {
	if print == 0 {
		print = 1 // 0 marks an empty slot
	}
	if int(t.count)*10 > len(t.prints)*7 {
		t.grow()
	}
	at := t.place(print)
	if t.prints[at] == print {
		return t.ids[at], false
	}
	t.prints[at], t.ids[at] = print, t.count
	t.count++
	return t.count - 1, true
}

func (t *set) place(print uint64) uint64 {
	mask := uint64(len(t.prints) - 1)
	at := print & mask
	for t.prints[at] != 0 && t.prints[at] != print {
		at = (at + 1) & mask
	}
	return at
}

func (t *set) grow() {
	prints, ids := t.prints, t.ids
	t.prints, t.ids = make([]uint64, 2*len(prints)), make([]uint32, 2*len(ids))
	for i, p := range prints {
		if p != 0 {
			at := t.place(p)
			t.prints[at], t.ids[at] = p, ids[i]
		}
	}
}
