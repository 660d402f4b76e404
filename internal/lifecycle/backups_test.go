// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// backedUp is a run in DBMigrate whose backup Job has ended, so or so; r4 and r3
// were taken before.
func backedUp(done bool, b migrations.BackupResult) *Observation {
	o := midway(dbMigrate)
	o.Status.Upgrade.Plan = &v1alpha1.Plan{Strategy: v1alpha1.StrategyDrain, Backup: true}
	o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r4"}, {Name: "r3"}}
	o.Backup = migrations.Progress{Attempt: 1, Done: done, FinishedAt: o.Now, Result: migrations.Result{Backup: &b}}
	return o
}

// Status offers what is in the claim: retention comes before the Job ends, be it with a
// failure.
func TestBackupsThatAreKept(t *testing.T) {
	cases := map[string]struct {
		done bool
		kept []string
		want []string
	}{
		"the oldest goes":             {true, []string{"r5", "r4"}, []string{"r5", "r4"}},
		"all stay":                    {true, []string{"r5", "r4", "r3"}, []string{"r5", "r4", "r3"}},
		"a command says nothing":      {true, nil, []string{"r5", "r4", "r3"}},
		"failed after the oldest was": {false, []string{"r5", "r4"}, []string{"r4"}},
		"failed before":               {false, nil, []string{"r4", "r3"}},
	}
	for name, c := range cases {
		var got []string
		for _, b := range backupsNow(backedUp(c.done, migrations.BackupResult{Name: "r5", Kept: c.kept})) {
			got = append(got, b.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A Job that found what an earlier try had made does not make it any younger: what was
// written between the two would be lost without being counted.
func TestWhenABackupWasTaken(t *testing.T) {
	end := midway(dbMigrate).Now
	for name, c := range map[string]struct {
		said string
		want time.Time
	}{
		"by this try":         {end.Add(-time.Minute).UTC().Format(time.RFC3339), end.Add(-time.Minute)},
		"a week ago":          {end.Add(-7 * 24 * time.Hour).UTC().Format(time.RFC3339), end.Add(-7 * 24 * time.Hour)},
		"by a clock ahead":    {end.Add(time.Hour).UTC().Format(time.RFC3339), end.Add(-time.Minute)},
		"not said":            {"", end.Add(-time.Minute)},
		"nothing that counts": {"yesterday", end.Add(-time.Minute)},
	} {
		o := backedUp(true, migrations.BackupResult{Name: "r5", Seconds: 60, TakenAt: c.said})
		if got := backupsNow(o)[0].TakenAt; !got.Time.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A backup that cannot start (no default storage class, an image that nobody has) does
// not keep users in front of the maintenance page for good: nothing has changed yet,
// so the way back is taken. One that is slow is let be.
func TestBlockedBackupEnds(t *testing.T) {
	for name, c := range map[string]struct {
		blocked string
		late    bool
		move    Event
	}{
		"blocked":           {"pod cannot be scheduled: unbound claim", false, ""},
		"blocked and late":  {"pod cannot be scheduled: unbound claim", true, RollBack},
		"slow and not late": {"", false, ""},
		"slow and late":     {"", true, ""},
	} {
		o := backedUp(false, migrations.BackupResult{})
		o.Backup = migrations.Progress{Attempt: 1, Active: true, Blocked: c.blocked}
		for i := range o.Tiers {
			o.Tiers[i] = Tier{Exists: true, Release: "a", Fence: 5, Mode: v1alpha1.ModeHold, Current: true}
		}
		o.Now = o.Now.Add(deadline(o) - time.Second)
		if c.late {
			o.Now = o.Now.Add(time.Second)
		}
		d := Decide(o)
		if d.Move != c.move || !strings.Contains(d.Message, c.blocked) {
			t.Errorf("%s: moves %q: %s: %s, want %q", name, d.Move, d.Reason, d.Message, c.move)
		}
	}
}
