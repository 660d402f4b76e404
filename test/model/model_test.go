// SPDX-License-Identifier: Apache-2.0

package model

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// smallScenarios have budgets that are small enough for a test run.
var smallScenarios = []*Scenario{
	with("install", budgets{Edits: 1, Fails: 1}),
	with("rolling", budgets{Edits: 1, Tokens: 1, Fails: 1}),
	with("rolling", budgets{Edits: 1, Fails: 1, Lags: 1, Crashes: 1}),
	with("caches", budgets{Edits: 2, Lags: 1}),
	with("leaders", budgets{Edits: 1, Tokens: 1, Zombies: 1}),
	with("hold", budgets{Edits: 2, Tokens: 1, Fails: 1}),
	with("drain", budgets{Edits: 1, Fails: 1}),
	with("mysql", budgets{Edits: 2, Fails: 1}),
	with("gates", budgets{Edits: 1, Tokens: 1, Pauses: 1, Lags: 1}),
	with("edits", budgets{Edits: 2}),
	with("second", budgets{Edits: 1, Tokens: 1, Fails: 1}),
	with("downgrade", budgets{Edits: 1, Tokens: 1, Fails: 1}),
	with("restore", budgets{Edits: 1, Tokens: 1, Fails: 1}),
	with("unmeasured", budgets{Edits: 1, Tokens: 1, Fails: 1}),
	with("frozen", budgets{Edits: 2, Tokens: 1}),
	with("halves", budgets{Edits: 1, Fails: 2}),
	with("keys", budgets{Edits: 2, Tokens: 1}),
	with("vanish", budgets{Edits: 1, Fails: 1, Vanishes: 1, Lags: 1}),
	with("renderer", budgets{Edits: 1, Renderers: 1}),
	with("renderer gates", budgets{Edits: 1, Renderers: 1}),
	with("outages", budgets{Edits: 1, Pauses: 1, Outages: 1}),
	with("outages in a drain", budgets{Edits: 1, Pauses: 1, Outages: 1}),
	with("outages at gates", budgets{Edits: 1, Pauses: 1, Outages: 1}),
	with("slots", budgets{Edits: 1, Tokens: 1, Slots: 1}),
	with("drift", budgets{Edits: 1, Drifts: 1, Lags: 1}),
}

// stateLimit is the limit of states for a search.
const stateLimit = 3_000_000

// The invariants hold in every state within small budgets. make model runs the full check.
func TestSmallScenarios(t *testing.T) {
	t.Parallel()
	searches := make([]Search, 0, len(smallScenarios))
	for _, s := range smallScenarios {
		r := Explore(s, Production(), Invariants, stateLimit)
		searches = append(searches, r)
		if !r.Full {
			t.Errorf("%s: the search stopped at the limit", s.Name)
		}
		if r.Broken != "" {
			t.Errorf("%s: %s is violated: %s\n%s", s.Name, r.Broken, r.Why, strings.Join(r.Trace, "\n"))
		}
	}
	missed, err := Missed(searches)
	if err != nil || len(missed) > 0 {
		t.Errorf("rows of the table that no search takes: %v, %v", missed, err)
	}
}

// Each mutant is killed by its invariant. Without the mutant the same search finds no violation.
func TestMutants(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for i := range Mutants {
		mu := &Mutants[i]
		covered[mu.Kills] = true
		r := mu.Run(stateLimit)
		if r.Broken != mu.Kills {
			t.Errorf("survives: %s; %s is not violated in %d states", mu.Name, mu.Kills, r.States)
		}
		if len(r.Trace) < 2 {
			t.Errorf("%s: no trace", mu.Name)
		}
		if c := Explore(mu.Scenario, Production(), Invariants, stateLimit); c.Broken != "" || !c.Full {
			t.Errorf("%s: without the mutant %s is violated (%s), or the search stopped at the limit", mu.Name, c.Broken, c.Why)
		}
	}
	for _, inv := range Invariants {
		if !covered[inv.Name] {
			t.Errorf("no mutant violates %s", inv.Name)
		}
	}
}

// Table parses all rows of the diagram.
func TestTable(t *testing.T) {
	table, err := Table()
	if err != nil || len(table) < 39 {
		t.Errorf("%d rows, %v", len(table), err)
	}
	for _, row := range table {
		if _, err := lifecycle.Next(row.From, row.On); err != nil {
			t.Errorf("%s from %s: %v", row.On, row.From, err)
		}
	}
}
