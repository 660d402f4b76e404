// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// A backup is restored only if it fits: it is of the same database, has the revision that the
// release needs, and is encrypted with the key of the release.
func TestBackupFitsTheTarget(t *testing.T) {
	newest := func(o *state.Observation) *v1alpha1.BackupStatus { return &o.Status.Backups[0] }
	cases := map[string]struct {
		edit   func(*state.Observation)
		class  v1alpha1.RollbackClass
		backup string
	}{
		"newest backup": {func(*state.Observation) {}, v1alpha1.RollbackRestore, "r5"},
		"claim lost":    {func(o *state.Observation) { newest(o).Claim, o.LostClaims = "x", []string{"x"} }, v1alpha1.RollbackRestore, "r3"},
		"every claim lost": {func(o *state.Observation) {
			newest(o).Claim, o.Status.Backups[1].Claim, o.LostClaims = "x", "y", []string{"x", "y"}
		}, v1alpha1.RollbackFrozen, ""},
		"Restore requested, lost": {func(o *state.Observation) {
			o.Policy.Rollback, o.Desired.Version, o.Stored[0].Version = "Restore", "6.1.5", "6.1.5" // tested releases: Image is possible
			newest(o).Claim, o.Status.Backups[1].Claim, o.LostClaims = "x", "x", []string{"x"}
		}, v1alpha1.RollbackFrozen, ""},
		"different revision":      {func(o *state.Observation) { newest(o).Revision = "older" }, v1alpha1.RollbackRestore, "r3"},
		"different database":      {func(o *state.Observation) { newest(o).Database = "staging/uri" }, v1alpha1.RollbackRestore, "r3"},
		"different key":           {func(o *state.Observation) { newest(o).SecretKey = "keys/two" }, v1alpha1.RollbackRestore, "r3"},
		"unknown key":             {func(o *state.Observation) { newest(o).SecretKey = "" }, v1alpha1.RollbackRestore, "r3"},
		"no backup fits":          {func(o *state.Observation) { o.Status.Backups = o.Status.Backups[:1]; newest(o).SecretKey = "" }, v1alpha1.RollbackFrozen, ""},
		"target head unknown":     {func(o *state.Observation) { o.Stored[1].Head = "" }, v1alpha1.RollbackFrozen, ""},
		"target, other database":  {func(o *state.Observation) { o.Stored[1].Database = "staging/uri" }, v1alpha1.RollbackFrozen, ""},
		"run, other database":     {func(o *state.Observation) { o.Stored[0].Database = "staging/uri" }, v1alpha1.RollbackFrozen, ""},
		"partially migrated":      {func(o *state.Observation) { o.Status.Schema.Revision, o.Status.Schema.HalfMigrated = "old", true }, v1alpha1.RollbackRestore, "r5"},
		"schema of the target":    {func(o *state.Observation) { o.Status.Schema.Revision = "old" }, v1alpha1.RollbackImage, ""},
		"Image requested":         {func(o *state.Observation) { o.Policy.Rollback = "Image" }, v1alpha1.RollbackImage, ""},
		"Downgrade, head unknown": {func(o *state.Observation) { o.Policy.Rollback, o.Stored[1].Head = "Downgrade", "" }, v1alpha1.RollbackFrozen, ""},
		"Downgrade requested":     {func(o *state.Observation) { o.Policy.Rollback = "Downgrade" }, v1alpha1.RollbackDowngrade, ""},
	}
	for name, c := range cases {
		o := statetest.Untested()
		c.edit(o)
		if got := To(state.Of(o), o.StoredRelease("a")).How; got.Class != c.class || got.Backup != c.backup {
			t.Errorf("%s: %s with %q (%s), want %s with %q", name, got.Class, got.Backup, got.Reason, c.class, c.backup)
		}
	}
}

// A restore needs the acceptance of the data loss only if a tier has served since the backup,
// also if it served during a rollback.
func TestLossOfNewerData(t *testing.T) {
	phases := func(names ...v1alpha1.Phase) func(*state.Observation) {
		return func(o *state.Observation) {
			for _, p := range names {
				o.Status.Upgrade.Phases = append(o.Status.Upgrade.Phases, v1alpha1.PhaseRecord{Phase: p})
			}
		}
	}
	cases := map[string]struct {
		edit  func(*state.Observation)
		loses bool
	}{
		"no tier has served":        {phases(v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate), false},
		"workers have served":       {phases(v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers), true},
		"rollback without a change": {phases(v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseRollback), false},
		"rollback with web serving": {func(o *state.Observation) {
			phases(v1alpha1.PhaseDBMigrate, v1alpha1.PhaseRollback)(o)
			o.Tiers[state.Web].Mode = v1alpha1.ModeServe
		}, true},
		"second rollback":       {phases(v1alpha1.PhaseDBMigrate, v1alpha1.PhaseRollback, v1alpha1.PhaseRollback), true},
		"backup of another run": {func(o *state.Observation) { o.Status.Upgrade.Backup = "r4" }, true},
		"live traffic":          {func(o *state.Observation) { o.Status.Upgrade.Strategy = v1alpha1.StrategyRolling }, true},
	}
	for name, c := range cases {
		o := statetest.Untested()
		o.Status.Upgrade.Backup, o.Status.Upgrade.Strategy = "r5", v1alpha1.StrategyDrain
		for i := range o.Tiers {
			o.Tiers[i].Mode = v1alpha1.ModeHold
		}
		c.edit(o)
		loss := To(state.Of(o), o.StoredRelease("a")).Loss
		if (loss.Token != "") != c.loses || strings.Contains(loss.Message, "r5") != c.loses {
			t.Errorf("%s: loss %+v, want a loss: %v", name, loss, c.loses)
		}
	}
}

// A rehearsed downgrade is available only to the revision of the copy, and only between the
// releases of the run.
func TestRehearsedDowngrade(t *testing.T) {
	cases := map[string]struct {
		edit  func(*state.Observation)
		class v1alpha1.RollbackClass
	}{
		"proven":             {func(*state.Observation) {}, v1alpha1.RollbackDowngrade},
		"refused":            {func(o *state.Observation) { o.Status.Upgrade.Rehearsal.Downgrade = v1alpha1.FindingRefused }, v1alpha1.RollbackRestore},
		"different revision": {func(o *state.Observation) { o.Status.Upgrade.Rehearsal.Revision = "older" }, v1alpha1.RollbackRestore},
		"different release":  {func(o *state.Observation) { o.Status.Upgrade.FromRelease = "c" }, v1alpha1.RollbackRestore},
		"downgrade failed": {func(o *state.Observation) {
			o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{FellBack: "DowngradeFailed"}
		}, v1alpha1.RollbackRestore},
		"tested releases":   {func(o *state.Observation) { o.Desired.Version, o.Stored[0].Version = "6.1.5", "6.1.5" }, v1alpha1.RollbackImage},
		"Restore requested": {func(o *state.Observation) { o.Policy.Rollback = "Restore" }, v1alpha1.RollbackRestore},
	}
	for name, c := range cases {
		o := statetest.Untested()
		o.Status.Upgrade.FromRevision = "old"
		o.Status.Upgrade.Rehearsal = &v1alpha1.RehearsalStatus{Revision: "old", Downgrade: v1alpha1.FindingProven}
		c.edit(o)
		if got := To(state.Of(o), o.StoredRelease("a")).How; got.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, got.Class, got.Reason, c.class)
		}
	}
}

// A restore into another database, or one that drops objects of others, must be accepted as
// such, whoever has served since. An unknown identity proves nothing.
func TestRestoreAsksForMoreThanItsBackup(t *testing.T) {
	identity := func(is, was string) func(*state.Observation) {
		return func(o *state.Observation) { o.Status.Schema.Identity, o.Status.Backups[0].Identity = is, was }
	}
	drops := func(backup string) func(*state.Observation) {
		return func(o *state.Observation) {
			o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Backup: backup, Drops: "0a1b"}
		}
	}
	tokens := map[string]string{}
	for name, c := range map[string]struct {
		edit func(*state.Observation)
		says string
	}{
		"the same database":       {identity("postgresql/1/2/bi", "postgresql/1/2/bi"), ""},
		"identity not known":      {identity("", "postgresql/1/2/bi"), ""},
		"backup without identity": {identity("postgresql/1/2/bi", ""), ""},
		"another database":        {identity("postgresql/7/2/bi", "postgresql/1/2/bi"), "the database postgresql/7/2/bi, although it was taken from postgresql/1/2/bi"},
		"a third database":        {identity("postgresql/8/2/bi", "postgresql/1/2/bi"), "the database postgresql/8/2/bi"},
		"objects of others":       {drops("r5"), "drops the objects of others"},
		"those of another backup": {drops("r4"), ""},
	} {
		o := statetest.Untested()
		o.Status.Upgrade.Backup, o.Status.Upgrade.Strategy = "r5", v1alpha1.StrategyDrain
		for i := range o.Tiers {
			o.Tiers[i].Mode = v1alpha1.ModeHold
		}
		c.edit(o)
		r := To(state.Of(o), o.StoredRelease("a"))
		if (r.Loss.Token != "") != (c.says != "") || !strings.Contains(r.Loss.Message, c.says) {
			t.Errorf("%s: %+v", name, r.Loss)
		}
		if other := tokens[r.Loss.Token]; other != "" && r.Loss.Token != "" {
			t.Errorf("%s has the token of %s", name, other)
		}
		tokens[r.Loss.Token] = name
		if want := c.says == "drops the objects of others"; (r.How.Drops != "") != want {
			t.Errorf("%s: drops %q", name, r.How.Drops)
		}
	}
}
