// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// The plan of a run says once that another operator release goes on with it. A changed spec
// is no other release of the operator.
func TestNoteRenderer(t *testing.T) {
	for name, c := range map[string]struct {
		hash, wish string
		want       int
	}{
		"same rendering":  {"b", "wish-b", 0},
		"other rendering": {"c", "wish-b", 1},
		"other spec":      {"c", "wish-c", 0},
	} {
		o := statetest.Upgrade(v1alpha1.PhaseUpgradeWorkers)
		o.Status.Upgrade.Wish = "wish-b"
		o.Desired.Hash, o.Desired.Wish = c.hash, c.wish
		s, p := state.Of(o), &v1alpha1.Plan{Strategy: v1alpha1.StrategyRolling}
		before := Hash(s, p)
		NoteRenderer(s, p)
		NoteRenderer(s, p)
		if len(p.Notes) != c.want || Hash(s, p) != before {
			t.Errorf("%s: %q, hash %s, was %s", name, p.Notes, Hash(s, p), before)
		}
	}
}

// A plan in a status that somebody restored in part is still reported.
func TestInOneLineOfAnEmptyPlan(t *testing.T) {
	if line := InOneLine(&v1alpha1.Plan{}); !strings.Contains(line, "downtime: unknown") {
		t.Error(line)
	}
}
