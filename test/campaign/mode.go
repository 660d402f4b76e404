// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/superset-operator/superset-operator/test/campaign/fault"
)

// standstill is how long a watch that stands still does so: the operator goes on
// writing for several times that long.
const standstill = time.Second

// mode is a way to disturb the operator.
type mode struct {
	name, says string
	// points is how many there are, for a scenario of so many writes and
	// requests; they are numbered from 1.
	points func(r *reference) int
	// first is what happens to the operator that the scenario begins with, next
	// to the one that is started after a kill. past is a resource version: the one
	// at the beginning or, for next where back is more than 0, that of the Superset
	// so many of its states ago.
	first, next func(k int, past string) fault.Options
	back        int
	// elect starts a second operator that waits for the first one's lease. A first
	// one that was paused goes on when the second has come a phase further, or with
	// late when it has come to the end.
	elect, late bool
	// reach says which scenarios go through it when no mode is named.
	reach reach
}

// reach of a mode: what a whole campaign leaves out, so that two processors can go
// through it in an hour and a quarter. A point takes them about two seconds.
type reach int

const (
	// everywhere is every scenario.
	everywhere reach = iota
	// thorough is the scenarios that are marked so.
	thorough
	// onRequest is none, unless everything is asked for.
	onRequest
)

// group is one or more kinds that are disturbed together.
type group struct {
	name  string
	kinds []string
}

var groups = []group{
	{"all", []string{"supersets", "supersetwebworkers", "supersetasyncworkers", "supersetasyncschedulers", "jobs", "pods", "deployments", "services", "configmaps", "controllerrevisions"}},
	{"supersets", []string{"supersets"}},
	{"components", []string{"supersetwebworkers", "supersetasyncworkers", "supersetasyncschedulers"}},
	{"jobs", []string{"jobs"}},
	{"pods", []string{"pods"}},
	{"rest", []string{"deployments", "services", "configmaps", "controllerrevisions"}},
}

// reach of a mode that concerns a group: a part of all kinds is tried on request.
func (g group) reach(all reach) reach {
	if g.name == "all" {
		return all
	}
	return onRequest
}

func (g group) set() map[string]bool {
	out := map[string]bool{}
	for _, kind := range g.kinds {
		out[kind] = true
	}
	return out
}

func writesOf(r *reference) int   { return len(r.writes) }
func requestsOf(r *reference) int { return r.requests }

func none(int, string) fault.Options { return fault.Options{} }

// at has an effect on one write.
func at(e fault.Effect) func(int, string) fault.Options {
	return func(k int, _ string) fault.Options {
		return fault.Options{Plan: func(r fault.Request) fault.Effect {
			if r.Write == k {
				return e
			}
			return fault.Pass
		}}
	}
}

// anyRequest has an effect on one request, whichever it is.
func anyRequest(e fault.Effect) func(int, string) fault.Options {
	return func(k int, _ string) fault.Options {
		return fault.Options{Plan: func(r fault.Request) fault.Effect {
			if r.Number == k {
				return e
			}
			return fault.Pass
		}}
	}
}

// modes are the ways to disturb.
func modes() []mode {
	out := []mode{
		{name: "before", says: "killed before a write is sent", points: writesOf, first: at(fault.KillBefore), next: none},
		{name: "after", says: "killed after a write, before its answer", points: writesOf, first: at(fault.KillAfter), next: none},
		{name: "zombie", says: "paused at a write; another takes the lease and goes on; then the write lands", points: writesOf, first: at(fault.Pause), next: none, elect: true},
		{name: "zombie-late", says: "the same, but the write lands when all is over", points: writesOf, first: at(fault.Pause), next: none, elect: true, late: true},
		{name: "error-409", says: "a write is answered 409", points: writesOf, first: at(fault.Conflict), next: none, reach: thorough},
		{name: "error-500", says: "a request is answered 500", points: requestsOf, first: anyRequest(fault.InternalError), next: none, reach: thorough},
		{name: "error-429", says: "a request is answered 429, with Retry-After", points: requestsOf, first: anyRequest(fault.TooMany), next: none, reach: thorough},
		{name: "reset-before", says: "the connection breaks before a request is sent", points: requestsOf, first: anyRequest(fault.ResetBefore), next: none, reach: thorough},
		{name: "reset-after", says: "the connection breaks after a request, before its answer", points: requestsOf, first: anyRequest(fault.ResetAfter), next: none, reach: thorough},
	}
	for _, g := range groups {
		out = append(out, stale(g), recent(g), frozen(g))
	}
	for _, lag := range []time.Duration{200 * time.Millisecond, time.Second} {
		out = append(out, lagging(lag))
	}
	return out
}

// stale starts the next operator on a cache of the state before the scenario.
func stale(g group) mode {
	return mode{
		name: "stale-" + g.name, says: "killed after a write; the next one begins with the past of: " + g.name,
		points: writesOf, first: at(fault.KillAfter), reach: g.reach(everywhere),
		next: func(_ int, past string) fault.Options {
			return fault.Options{Kinds: g.set(), Past: past, FrozenFor: standstill}
		},
	}
}

// recent starts it on a cache that is two states of the Superset behind: of the
// same run, often.
func recent(g group) mode {
	m := stale(g)
	m.name, m.says, m.back = "recent-"+g.name, "killed after a write; the next one is two states of the Superset behind in: "+g.name, 2
	m.reach = g.reach(thorough)
	return m
}

// frozen holds watches back from one write on.
func frozen(g group) mode {
	return mode{
		name: "freeze-" + g.name, says: "from a write on, watches stand still: " + g.name, points: writesOf, next: none, reach: g.reach(thorough),
		first: func(k int, past string) fault.Options {
			o := at(fault.Freeze)(k, past)
			o.Kinds, o.FrozenFor = g.set(), standstill
			return o
		},
	}
}

// lagging delays watches all the way; k is the number of a group.
func lagging(by time.Duration) mode {
	return mode{
		name: fmt.Sprintf("lag-%s", by), says: fmt.Sprintf("watches come %s late; a point for each group of kinds", by),
		points: func(*reference) int { return len(groups) }, next: none, reach: thorough,
		first: func(k int, _ string) fault.Options { return fault.Options{Kinds: groups[k-1].set(), Lag: by} },
	}
}
