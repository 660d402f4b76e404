// SPDX-License-Identifier: Apache-2.0

package model

// Names of the invariants that are judged by the whole graph.
const (
	nameL1 = "L1"
	nameL2 = "L2"
)

// liveness judges the graph as a whole.
func (e *explorer) liveness() {
	for i := range e.invariants {
		switch e.invariants[i].Name {
		case nameL1:
			if id, found := e.graph.restless(); found {
				e.breaks(nameL1, "from here no state of rest can be reached without a person", id)
			}
		case nameL2:
			if id, found := e.graph.cycle(); found {
				e.breaks(nameL2, "the operator and its caches go round in a circle through here", id)
			}
		}
	}
}

// restless finds the state nearest to the first from which no state of rest is
// reached by fair steps: backwards from those at rest, in sweeps.
func (g *graph) restless() (id uint32, found bool) {
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

func (g *graph) leadsTo(i int, good []bool) bool {
	for _, edge := range g.edges[g.first[i]:g.first[i+1]] {
		if edge&edgeFair != 0 && good[edge>>edgeBits] {
			return true
		}
	}
	return false
}

// cycle finds the state nearest to the first on, or behind, a circle of the
// operator's own steps: it takes away, again and again, what nothing leads to.
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

// own gives the ends of the operator's own steps among some edges.
func (g *graph) own(from, until int, yield func(to uint32)) {
	for _, edge := range g.edges[from:until] {
		if edge&edgeOwn != 0 {
			yield(edge >> edgeBits)
		}
	}
}

// trace tells the way to a state in words.
func (e *explorer) trace(id uint32) []string {
	var path []uint16
	for at := id; at != 0; at = e.graph.parent[at] {
		path = append(path, e.graph.via[at])
	}
	s := e.m.first()
	lines := []string{"in the beginning: " + e.m.words(&s)}
	for i := len(path) - 1; i >= 0; i-- {
		nth, next := uint16(0), s
		e.m.successors(&s, func(n *state, by step) {
			if nth++; nth == path[i] {
				lines = append(lines, e.m.tell(&change{m: e.m, before: &s, after: n, by: by}))
				next = *n
			}
		})
		s = next
	}
	return append(lines, "then: "+e.m.words(&s))
}
