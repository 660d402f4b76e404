// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// The findings are recorded in status with seconds rounded up, and stay there when the Job is
// deleted.
func TestRecordedRehearsal(t *testing.T) {
	o := statetest.Validated()
	statetest.Rehearse(o, "Proven", "Refused")
	got := state.Of(o).Rehearsal
	if got.MigrateSeconds != 2 || got.Seconds != 3 || got.LockTables != 8 || got.LockTime.Duration != 440*time.Millisecond || got.Revision != o.Preflight.Result.Revision {
		t.Errorf("%+v", got)
	}
	o.Status.Upgrade.Rehearsal, o.Rehearse = got, migrations.Progress{}
	if diff := cmp.Diff(got, state.Of(o).Rehearsal); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
