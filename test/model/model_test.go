// SPDX-License-Identifier: Apache-2.0

package model

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// slice are scenarios with so small budgets that a test run has time for them.
var slice = []*Scenario{
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
	with("drift", budgets{Edits: 1, Drifts: 1, Lags: 1}),
}

const enough = 3_000_000

// The laws of the machine hold in every state that small budgets lead to. The
// whole check is make model.
func TestSlice(t *testing.T) {
	t.Parallel()
	searches := make([]Search, 0, len(slice))
	for _, s := range slice {
		r := Explore(s, Production(), Invariants, enough)
		searches = append(searches, r)
		if !r.Full {
			t.Errorf("%s: not all of it was seen", s.Name)
		}
		if r.Broken != "" {
			t.Errorf("%s: %s is broken: %s\n%s", s.Name, r.Broken, r.Why, strings.Join(r.Trace, "\n"))
		}
	}
	missed, err := Missed(searches)
	if err != nil || len(missed) > 0 {
		t.Errorf("rows of the table that the slice does not take: %v, %v", missed, err)
	}
}

// Each invariant finds the mistake that it is there for, and does not cry wolf:
// without the mistake the very same search finds nothing.
func TestMutants(t *testing.T) {
	t.Parallel()
	guarded := map[string]bool{}
	for i := range Mutants {
		mu := &Mutants[i]
		guarded[mu.Kills] = true
		r := mu.Hunt(enough)
		if r.Broken != mu.Kills {
			t.Errorf("survives: %s; %s is not broken in %d states", mu.Name, mu.Kills, r.States)
		}
		if len(r.Trace) < 2 {
			t.Errorf("%s: no trace", mu.Name)
		}
		if c := Explore(mu.Scenario, Production(), Invariants, enough); c.Broken != "" || !c.Full {
			t.Errorf("%s: without the mistake %s is broken (%s), or not all was seen", mu.Name, c.Broken, c.Why)
		}
	}
	for _, inv := range Invariants {
		if !guarded[inv.Name] {
			t.Errorf("no mutant proves that %s can be broken", inv.Name)
		}
	}
}

// The table is read from its drawing: all of it.
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
