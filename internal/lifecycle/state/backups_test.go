// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Status lists the backups that are in the claim. The Job deletes the oldest before it ends, also
// if it then fails.
func TestKeptBackups(t *testing.T) {
	cases := map[string]struct {
		done bool
		kept []string
		want []string
	}{
		"oldest deleted":         {true, []string{"r5", "r4"}, []string{"r5", "r4"}},
		"all kept":               {true, []string{"r5", "r4", "r3"}, []string{"r5", "r4", "r3"}},
		"no list from a command": {true, nil, []string{"r5", "r4", "r3"}},
		"failed, oldest deleted": {false, []string{"r5", "r4"}, []string{"r4"}},
		"failed, none deleted":   {false, nil, []string{"r4", "r3"}},
	}
	for name, c := range cases {
		var got []string
		for _, b := range state.Of(statetest.BackedUp(c.done, migrations.BackupResult{Name: "r5", Kept: c.kept})).Backups {
			got = append(got, b.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A Job that finds the backup of an earlier attempt keeps its time: data written between the two
// attempts would be lost without being counted.
func TestTimeOfABackup(t *testing.T) {
	end := statetest.Upgrade(v1alpha1.PhaseDBMigrate).Now
	for name, c := range map[string]struct {
		takenAt string
		want    time.Time
	}{
		"this attempt":    {end.Add(-time.Minute).UTC().Format(time.RFC3339), end.Add(-time.Minute)},
		"a week ago":      {end.Add(-7 * 24 * time.Hour).UTC().Format(time.RFC3339), end.Add(-7 * 24 * time.Hour)},
		"in the future":   {end.Add(time.Hour).UTC().Format(time.RFC3339), end.Add(-time.Minute)},
		"not reported":    {"", end.Add(-time.Minute)},
		"not a timestamp": {"yesterday", end.Add(-time.Minute)},
	} {
		o := statetest.BackedUp(true, migrations.BackupResult{Name: "r5", Seconds: 60, TakenAt: c.takenAt})
		if got := state.Of(o).Backups[0].TakenAt; !got.Time.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A backup is recorded with the state at the time when it was taken.
func TestRecordedBackup(t *testing.T) {
	for name, c := range map[string]struct{ begun, want string }{
		"no key change":    {"", "keys/one"},
		"running key":      {"keys/one", "keys/one"},
		"key change begun": {"keys/two", ""},
	} {
		o := statetest.Untested()
		o.Status.Phase, o.Status.Schema.SecretKey, o.Status.Backups = v1alpha1.PhaseDBMigrate, c.begun, nil
		o.Backup = migrations.Progress{Attempt: 1, Done: true, FinishedAt: o.Now,
			Result: migrations.Result{Backup: &migrations.BackupResult{Name: "r5", Revision: "old", Seconds: 2, Claim: "mine"}}}
		want := v1alpha1.BackupStatus{Name: "r5", Revision: "old", Claim: "mine", Database: "bi/uri", SecretKey: c.want,
			TakenAt: metav1.NewTime(o.Now.Add(-2 * time.Second)).Rfc3339Copy()}
		if got := state.Of(o).Backups; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
