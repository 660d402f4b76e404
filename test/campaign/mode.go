// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/superset-operator/superset-operator/test/campaign/fault"
)

// standstill is how long a frozen watch is held back: several times as long as
// the operator takes for all its writes.
const standstill = time.Second

// outage is longer than every deadline in the mode of that name.
const outage = shortDeadline + 5*time.Second

// mode is a way to disturb the operator.
type mode struct {
	name, says string
	// points is the number of points for a scenario with a number of writes and
	// requests; points are numbered from 1.
	points func(r *reference) int
	// first configures the operator that begins the scenario, and next the one that
	// is started after a kill. past is a resource version: the one at the beginning
	// or, for next if back is greater than 0, that of the Superset that number of
	// states ago.
	first, next func(k int, past string) fault.Options
	back        int
	// elect starts a second operator that waits for the lease of the first one. A
	// paused first operator resumes when the second is a phase further, or, with
	// late, when the second has finished.
	elect, late bool
	// absence is how long no operator runs after a kill.
	absence time.Duration
	// settings are those of the Superset from its creation on, in the undisturbed run too.
	settings edits
	// outside happens in the cluster at the write of the point; nil for nothing.
	outside *outside
	// reach determines which scenarios use the mode when no mode is named; in names them
	// instead.
	reach reach
	in    []string
}

// reach limits a whole campaign, so that two processors need an hour and a
// half for it. A point takes them about two seconds.
type reach int

const (
	// everywhere is every scenario.
	everywhere reach = iota
	// thorough is only the scenarios that are marked thorough.
	thorough
	// onRequest is no scenario, unless -thorough is set.
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

// reach of a mode for a group: modes for a part of the kinds run only on request.
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

// at applies an effect to one write.
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

// anyRequest applies an effect to one request of any kind.
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

// notify lets something happen outside of the operator at one write, or from it on.
func notify(o *outside) func(int, string) fault.Options {
	return func(k int, _ string) fault.Options {
		return fault.Options{Plan: func(r fault.Request) fault.Effect {
			if r.Write == k || o.again && r.Write > k {
				return fault.Notify
			}
			return fault.Pass
		}}
	}
}

// modes lists the ways to disturb the operator.
func modes() []mode {
	out := []mode{
		{name: "before", says: "the operator is killed before a write is sent", points: writesOf, first: at(fault.KillBefore), next: none},
		{name: "after", says: "the operator is killed after a write, before its response", points: writesOf, first: at(fault.KillAfter), next: none},
		{name: "zombie", says: "the operator is paused at a write; another operator takes the lease and continues; then the write is sent", points: writesOf, first: at(fault.Pause), next: none, elect: true},
		{name: "zombie-late", says: "the same, but the write is sent after the run has ended", points: writesOf, first: at(fault.Pause), next: none, elect: true, late: true},
		{name: "error-409", says: "a write gets a 409 response", points: writesOf, first: at(fault.Conflict), next: none, reach: thorough},
		{name: "error-500", says: "a request gets a 500 response", points: requestsOf, first: anyRequest(fault.InternalError), next: none, reach: thorough},
		{name: "error-429", says: "a request gets a 429 response with Retry-After", points: requestsOf, first: anyRequest(fault.TooMany), next: none, reach: thorough},
		{name: "reset-before", says: "the connection is reset before a request is sent", points: requestsOf, first: anyRequest(fault.ResetBefore), next: none, reach: thorough},
		{name: "reset-after", says: "the connection is reset after a request, before its response", points: requestsOf, first: anyRequest(fault.ResetAfter), next: none, reach: thorough},
	}
	for _, g := range groups {
		out = append(out, stale(g), recent(g), frozen(g))
	}
	for _, lag := range []time.Duration{200 * time.Millisecond, time.Second} {
		out = append(out, lagging(lag))
	}
	return append(out, outsideModes()...)
}

// outsideModes disturb what is around the operator.
func outsideModes() []mode {
	around := func(name, says string, o outside, in ...string) mode {
		return mode{name: name, says: says, points: writesOf, first: notify(&o), next: none, outside: &o, in: in}
	}
	return []mode{
		around("vanish", "at a write and at each later one, all ended Jobs and all ended pods of Jobs are deleted", outside{do: vanish, again: true}, "rolling", "drain", "failed", "restore"),
		{name: "outage", says: fmt.Sprintf("the operator is killed after a write; the next one starts after %s, which is longer than every deadline", outage),
			points: writesOf, first: at(fault.KillAfter), next: none, absence: outage, settings: edits{shortDeadlines}, in: []string{"rolling", "drain"}},
		around("pause", fmt.Sprintf("at a write, a user pauses the Superset, for %s", pauseTime), outside{do: pause}, "rolling", "drain", "failed", "restore"),
		around("foreign", "at a write, a pod, a Job, a ConfigMap and a Deployment of somebody else appear, with the labels of the instance", outside{do: foreign}, "rolling", "drain"),
	}
}

// stale starts the next operator with a cache of the state before the scenario.
func stale(g group) mode {
	return mode{
		name: "stale-" + g.name, says: "the operator is killed after a write; the next operator starts with old state of: " + g.name,
		points: writesOf, first: at(fault.KillAfter), reach: g.reach(everywhere),
		next: func(_ int, past string) fault.Options {
			return fault.Options{Kinds: g.set(), Past: past, FrozenFor: standstill}
		},
	}
}

// recent starts it with a cache that is two states of the Superset behind, often
// within the same run.
func recent(g group) mode {
	m := stale(g)
	m.name, m.says, m.back = "recent-"+g.name, "the operator is killed after a write; the next operator starts two states of the Superset behind in: "+g.name, 2
	m.reach = g.reach(thorough)
	return m
}

// frozen holds back watches from one write on.
func frozen(g group) mode {
	return mode{
		name: "freeze-" + g.name, says: "from a write on, watches are paused: " + g.name, points: writesOf, next: none, reach: g.reach(thorough),
		first: func(k int, past string) fault.Options {
			o := at(fault.Freeze)(k, past)
			o.Kinds, o.FrozenFor = g.set(), standstill
			return o
		},
	}
}

// of is the scenario as a mode runs it.
func (m *mode) of(s *scenario) *scenario {
	if m.settings == nil {
		return s
	}
	return s.with(m.name, m.settings)
}

// lagging delays watches during the whole run; k is the number of a group.
func lagging(by time.Duration) mode {
	return mode{
		name: fmt.Sprintf("lag-%s", by), says: fmt.Sprintf("watches are delayed by %s; one point per group of kinds", by),
		points: func(*reference) int { return len(groups) }, next: none, reach: thorough,
		first: func(k int, _ string) fault.Options { return fault.Options{Kinds: groups[k-1].set(), Lag: by} },
	}
}
