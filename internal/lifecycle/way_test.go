// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// unmeasured is a failed upgrade to a release whose schema the one before is not
// known to serve on, with a backup of what it found.
func unmeasured() *Observation {
	o := midway(failed)
	o.Desired.Version = "6.3.0"
	for i, head := range []string{"new", "old"} {
		o.Stored[i].Head, o.Stored[i].Key, o.Stored[i].Database = head, "keys/one", "bi/uri"
	}
	o.Stored[0].Version, o.Stored[1].Version = "6.3.0", "6.1.0"
	o.Status.Schema = &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "new"}
	o.Status.Backups = []v1alpha1.BackupStatus{
		{Name: "r5", Revision: "old", Database: "bi/uri", SecretKey: "keys/one"},
		{Name: "r3", Revision: "old", Database: "bi/uri", SecretKey: "keys/one"},
	}
	return o
}

// A backup is put back only where it belongs: into the database that it is of, at
// the revision that the release needs, encrypted with the release's key.
func TestRestoreTakesWhatFits(t *testing.T) {
	newest := func(o *Observation) *v1alpha1.BackupStatus { return &o.Status.Backups[0] }
	cases := map[string]struct {
		edit   func(*Observation)
		class  v1alpha1.RollbackClass
		backup string
	}{
		"the newest":              {func(*Observation) {}, v1alpha1.RollbackRestore, "r5"},
		"of another revision":     {func(o *Observation) { newest(o).Revision = "older" }, v1alpha1.RollbackRestore, "r3"},
		"of another database":     {func(o *Observation) { newest(o).Database = "staging/uri" }, v1alpha1.RollbackRestore, "r3"},
		"with another key":        {func(o *Observation) { newest(o).SecretKey = "keys/two" }, v1alpha1.RollbackRestore, "r3"},
		"with an uncertain key":   {func(o *Observation) { newest(o).SecretKey = "" }, v1alpha1.RollbackRestore, "r3"},
		"none that fits":          {func(o *Observation) { o.Status.Backups = o.Status.Backups[:1]; newest(o).SecretKey = "" }, v1alpha1.RollbackFrozen, ""},
		"an unknown revision":     {func(o *Observation) { o.Stored[1].Head = "" }, v1alpha1.RollbackFrozen, ""},
		"the release elsewhere":   {func(o *Observation) { o.Stored[1].Database = "staging/uri" }, v1alpha1.RollbackFrozen, ""},
		"the run went elsewhere":  {func(o *Observation) { o.Stored[0].Database = "staging/uri" }, v1alpha1.RollbackFrozen, ""},
		"half changed":            {func(o *Observation) { o.Status.Schema.Revision, o.Status.Schema.HalfMigrated = "old", true }, v1alpha1.RollbackRestore, "r5"},
		"a schema that is its":    {func(o *Observation) { o.Status.Schema.Revision = "old" }, v1alpha1.RollbackImage, ""},
		"as Image":                {func(o *Observation) { o.Policy.Rollback = "Image" }, v1alpha1.RollbackImage, ""},
		"a Downgrade to nowhere":  {func(o *Observation) { o.Policy.Rollback, o.Stored[1].Head = "Downgrade", "" }, v1alpha1.RollbackFrozen, ""},
		"a Downgrade to where to": {func(o *Observation) { o.Policy.Rollback = "Downgrade" }, v1alpha1.RollbackDowngrade, ""},
	}
	for name, c := range cases {
		o := unmeasured()
		c.edit(o)
		if got := WayBack(o, o.stored("a")); got.Class != c.class || got.Backup != c.backup {
			t.Errorf("%s: %s with %q (%s), want %s with %q", name, got.Class, got.Backup, got.Reason, c.class, c.backup)
		}
	}
}

// What a backup is recorded with is what was true when it was taken.
func TestBackupIsRecorded(t *testing.T) {
	for name, c := range map[string]struct{ begun, want string }{
		"no other key":      {"", "keys/one"},
		"the key that runs": {"keys/one", "keys/one"},
		"another key begun": {"keys/two", ""},
	} {
		o := unmeasured()
		o.Status.Phase, o.Status.Schema.SecretKey, o.Status.Backups = dbMigrate, c.begun, nil
		o.Backup = migrations.Progress{Attempt: 1, Done: true, FinishedAt: o.Now,
			Result: migrations.Result{Backup: &migrations.BackupResult{Name: "r5", Revision: "old", Seconds: 2, Claim: "mine"}}}
		want := v1alpha1.BackupStatus{Name: "r5", Revision: "old", Claim: "mine", Database: "bi/uri", SecretKey: c.want,
			TakenAt: metav1.NewTime(o.Now.Add(-2 * time.Second)).Rfc3339Copy()}
		if got := backupsNow(o); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Nobody is asked before a restore when nothing has served since the backup; and
// everybody is when something has, be it on the way back.
func TestNewerDataIsAskedFor(t *testing.T) {
	phases := func(names ...v1alpha1.Phase) func(*Observation) {
		return func(o *Observation) {
			for _, p := range names {
				o.Status.Upgrade.Phases = append(o.Status.Upgrade.Phases, v1alpha1.PhaseRecord{Phase: p})
			}
		}
	}
	cases := map[string]struct {
		edit func(*Observation)
		asks bool
	}{
		"nothing was brought back":      {phases(validate, dbMigrate), false},
		"the workers were":              {phases(validate, dbMigrate, scheduler, workers), true},
		"a way back that changed none":  {phases(validate, dbMigrate, rollback), false},
		"a way back that let web serve": {func(o *Observation) { phases(dbMigrate, rollback)(o); o.Tiers[Web].Mode = v1alpha1.ModeServe }, true},
		"one before the last did":       {phases(dbMigrate, rollback, rollback), true},
		"a backup of another run":       {func(o *Observation) { o.Status.Upgrade.Backup = "r4" }, true},
		"live traffic":                  {func(o *Observation) { o.Status.Upgrade.Strategy = v1alpha1.StrategyRolling }, true},
	}
	for name, c := range cases {
		o := unmeasured()
		o.Status.Upgrade.Backup, o.Status.Upgrade.Strategy = "r5", v1alpha1.StrategyDrain
		for i := range o.Tiers {
			o.Tiers[i].Mode = v1alpha1.ModeHold
		}
		c.edit(o)
		token, message := loses(o, o.stored("a"), WayBack(o, o.stored("a")))
		if (token != "") != c.asks || strings.Contains(message, "r5") != c.asks {
			t.Errorf("%s: asks %q: %q, want %v", name, token, message, c.asks)
		}
	}
}
