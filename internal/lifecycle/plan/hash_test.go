// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"testing"

	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// The plan hash depends on the findings of a rehearsal, not on its durations and sizes.
func TestHashOfARehearsal(t *testing.T) {
	plan := func(edit func(*state.Observation)) string {
		o := statetest.Validated()
		edit(o)
		return Hash(state.Of(o), Make(state.Of(o)))
	}
	first := plan(func(o *state.Observation) { statetest.Rehearse(o, "Proven", "Proven") })
	if again := plan(func(o *state.Observation) {
		statetest.Rehearse(o, "Proven", "Proven")
		r := o.Rehearse.Result.Rehearsal
		r.MigrateSeconds, r.LockSeconds, r.LockTables, r.Bytes, r.CopySeconds = 99, 9, 9, 9, 99
	}); again != first {
		t.Error("different durations change the hash")
	}
	if other := plan(func(o *state.Observation) { statetest.Rehearse(o, "Refused", "Proven") }); other == first {
		t.Error("a different finding has the same hash")
	}
}
