// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func TestTableHasNoDuplicates(t *testing.T) {
	// looplab/fsm accepts a duplicate (event, source) silently; the last one wins.
	type edge struct {
		event Event
		from  v1alpha1.Phase
	}
	seen := map[edge]bool{}
	for _, row := range transitions {
		for _, from := range row.from {
			e := edge{row.event, from}
			if seen[e] {
				t.Errorf("duplicate row: %s from %s", row.event, from)
			}
			seen[e] = true
		}
	}
}

func TestEveryPhaseIsReachedAndLeft(t *testing.T) {
	left, reached := map[v1alpha1.Phase]bool{}, map[v1alpha1.Phase]bool{v1alpha1.PhasePending: true}
	for _, row := range transitions {
		reached[row.to] = true
		for _, from := range row.from {
			left[from] = true
		}
	}
	for _, p := range v1alpha1.Phases {
		if !reached[p] {
			t.Errorf("no event reaches %s", p)
		}
		if !left[p] {
			t.Errorf("no event leaves %s", p)
		}
	}
}

func TestNext(t *testing.T) {
	if got, err := Next(v1alpha1.PhaseValidate, Begin); err != nil || got != v1alpha1.PhaseValidate {
		t.Errorf("a new run in Validate: got %q, %v", got, err)
	}
	if _, err := Next(v1alpha1.PhaseReady, Migrated); err == nil {
		t.Error("Migrated in Ready must be refused")
	}
	if _, err := Next("Levitate", Begin); err == nil || !strings.Contains(err.Error(), "Levitate") {
		t.Errorf("an unknown phase must be refused by name, got %v", err)
	}
	for _, row := range transitions {
		for _, from := range row.from {
			if got, err := Next(from, row.event); err != nil || got != row.to {
				t.Errorf("%s from %s: got %q, %v, want %s", row.event, from, got, err, row.to)
			}
		}
	}
}

func TestTableUsesPhasesOfTheAPI(t *testing.T) {
	for _, row := range transitions {
		for _, p := range append(slices.Clone(row.from), row.to) {
			if !slices.Contains(v1alpha1.Phases, p) {
				t.Errorf("phase %s is not in the API's list", p)
			}
		}
	}
}

// The diagram in the reference is generated from the table by make generate.
func TestDiagramInTheDocs(t *testing.T) {
	const path, start, end = "../../docs/reference/lifecycle.md", "```mermaid\n", "```\n"
	want, err := Diagram()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(raw), start)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no mermaid block", path)
	}
	text := before + start + want + end + after
	if text == string(raw) {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("the diagram in %s is stale; regenerate it with: make generate", path)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
