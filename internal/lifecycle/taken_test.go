// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A write that does not record an ended Job does not take it: a later one does.
func TestTakenWithItsRecord(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "inspect"}, FinishedAt: o.Now}
	s := state.Of(o)
	if got := TakenBy(s, &Decision{}, o.Status).Jobs; len(got) != 0 {
		t.Errorf("taken without a record: %v", got)
	}
	if got := TakenBy(s, &Decision{}, Record(s)).Jobs; len(got) != 1 || got[0].Script != "preflight" {
		t.Errorf("taken with the record: %v, want that of preflight", got)
	}
}
