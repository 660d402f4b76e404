// SPDX-License-Identifier: Apache-2.0

package model

// Names of the invariants that are checked on the whole graph.
const (
	nameL1 = "L1"
	nameL2 = "L2"
)

// liveness checks the invariants on the whole graph.
func (e *explorer) liveness() {
	for i := range e.invariants {
		switch e.invariants[i].Name {
		case nameL1:
			if id, found := e.graph.neverRests(); found {
				e.violated(nameL1, "no resting state is reachable from here without manual intervention", id)
			}
		case nameL2:
			if id, found := e.graph.cycle(); found {
				e.violated(nameL2, "the operator and its caches loop through this state", id)
			}
		}
	}
}

// neverRests finds the first state from which no resting state is reachable by fair steps. It marks
// states backwards from the resting ones, in sweeps.
func (g *graph) neverRests() (id uint32, found bool) {
	good := make([]bool, len(g.parent))
	for i, q := range g.quiet {
		good[i] = q != 0
	}
	for changed := true; changed; {
		changed = false
		for i := len(good) - 1; i >= 0; i-- {
			if !good[i] && g.leadsTo(i, good) {
				good[i], changed = true, true
			}
		}
	}
	for i, ok := range good {
		if !ok {
			return uint32(i), true
		}
	}
	return 0, false
}

// leadsTo is true if a fair step of a state leads to a good one.
func (g *graph) leadsTo(i int, good []bool) bool {
	for _, edge := range g.edges[g.first[i]:g.first[i+1]] {
		if edge&edgeFair != 0 && good[edge>>edgeBits] {
			return true
		}
	}
	return false
}

// cycle finds the first state on, or reachable from, a cycle of the operator's own steps. It
// repeatedly removes the states without incoming edges.
func (g *graph) cycle() (id uint32, found bool) {
	into := make([]uint16, len(g.parent))
	g.own(0, len(g.edges), func(to uint32) { into[to]++ })
	var free []uint32
	for i, n := range into {
		if n == 0 {
			free = append(free, uint32(i))
		}
	}
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		g.own(int(g.first[i]), int(g.first[i+1]), func(to uint32) {
			if into[to]--; into[to] == 0 {
				free = append(free, to)
			}
		})
	}
	for i, n := range into {
		if n > 0 {
			return uint32(i), true
		}
	}
	return 0, false
}

// own yields the targets of the operator's own steps in a range of edges.
func (g *graph) own(from, until int, yield func(to uint32)) {
	for _, edge := range g.edges[from:until] {
		if edge&edgeOwn != 0 {
			yield(edge >> edgeBits)
		}
	}
}

// trace describes the steps to a state.
func (e *explorer) trace(id uint32) []string {
	var path []uint16
	for at := id; at != 0; at = e.graph.parent[at] {
		path = append(path, e.graph.via[at])
	}
	s := e.m.first()
	lines := []string{"first: " + e.m.describe(&s)}
	for i := len(path) - 1; i >= 0; i-- {
		nth, next := uint16(0), s
		e.m.successors(&s, func(n *state, by step) {
			if nth++; nth == path[i] {
				lines = append(lines, e.m.describeChange(&change{m: e.m, before: &s, after: n, by: by}))
				next = *n
			}
		})
		s = next
	}
	return append(lines, "then: "+e.m.describe(&s))
}
