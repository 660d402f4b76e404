// SPDX-License-Identifier: Apache-2.0

// Package statetest provides observations for the tests of internal/lifecycle and its packages.
package statetest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/internal/migrations"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Upgrade is an upgrade from release a (5.0.0) to release b (6.0.0) in a phase, under
// fence 5, with every tier at a.
func Upgrade(phase v1alpha1.Phase) *state.Observation {
	all := [3]bool{true, true, true}
	now := metav1.Unix(1_700_000_000, 0)
	o := &state.Observation{
		Now:     now.Time,
		Desired: state.Release{Hash: "b", Version: "6.0.0", Has: all},
		Stored:  []state.Release{{Hash: "b", Version: "6.0.0", Revision: 5, Has: all}, {Hash: "a", Version: "5.0.0", Revision: 4, Has: all}},
		Status: &v1alpha1.SupersetStatus{Phase: phase, PhaseSince: &now, UpgradeRevision: 5, Release: "a",
			Upgrade: &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindUpgrade, From: "5.0.0", To: "6.0.0", FromRelease: "a", ToRelease: "b", RollbackRelease: "a", Touched: true, WorkingSince: &now}},
		MaxFence: 5,
	}
	for i := range o.Tiers {
		o.Tiers[i] = state.Tier{Exists: true, Release: "a", Fence: 4, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
	}
	return o
}

// AtTarget brings every tier to the target under the current fence.
func AtTarget(o *state.Observation) {
	for i := range o.Tiers {
		o.Tiers[i].Release, o.Tiers[i].Fence = o.Status.Upgrade.ToRelease, o.Status.UpgradeRevision
	}
}

// Verified is an upgrade in Verify with every tier at the target, whose verify Job has ended.
func Verified(checks ...migrations.Check) *state.Observation {
	o := Upgrade(v1alpha1.PhaseVerify)
	AtTarget(o)
	for i := range o.Tiers {
		o.Tiers[i].Image = "sha256:0123456789abcdef"
	}
	o.Verify = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "verify", Checks: checks}}
	return o
}

// Untested is a failed upgrade from 6.1.0 to 6.3.0, where 6.1.0 is not tested on the schema of
// 6.3.0. There are two backups of the original schema.
func Untested() *state.Observation {
	o := Upgrade(v1alpha1.PhaseFailed)
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

// Paths of pending migrations.
var (
	// Additive is a path of additive migrations.
	Additive = &migrations.Path{Additive: 3}
	// Destructive is a path with every class of migration.
	Destructive = &migrations.Path{Additive: 2, DataChanging: 1, Destructive: 1, DowngradeLossy: 3, DowngradeEmpty: 1}
)

// Validated is an upgrade between tested releases whose preflight has passed, with four pending
// migrations and spec.upgrade.rehearsal: Always.
func Validated() *state.Observation {
	o := Upgrade(v1alpha1.PhaseValidate)
	o.Policy.Rehearsal = v1alpha1.RehearsalAlways
	o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 4, Path: Destructive}}
	return o
}

// Rehearse sets the result of a rehearsal with these findings. The database has a revision.
func Rehearse(o *state.Observation, downgrade, rolling v1alpha1.Finding) {
	o.Preflight.Result.Revision = "74ad1125881c"
	o.Rehearse = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Revision: o.Preflight.Result.Revision,
		Rehearsal: &migrations.Rehearsal{Downgrade: downgrade, Rolling: rolling, MigrateSeconds: 1.2, LockSeconds: 0.444, LockTables: 8, CopySeconds: 3}}}
}

// BackedUp is an upgrade in DBMigrate whose backup Job has ended, successfully if done. The
// backups r4 and r3 are older.
func BackedUp(done bool, b migrations.BackupResult) *state.Observation {
	o := Upgrade(v1alpha1.PhaseDBMigrate)
	o.Status.Upgrade.Plan = &v1alpha1.Plan{Strategy: v1alpha1.StrategyDrain, Backup: true}
	o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r4"}, {Name: "r3"}}
	o.Backup = migrations.Progress{Attempt: 1, Done: done, FinishedAt: o.Now, Result: migrations.Result{Backup: &b}}
	return o
}
