// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Observation is everything that is known of one Superset at one moment.
type Observation struct {
	// Now is the only reading of the clock.
	Now time.Time
	// Since is when this process first looked at the Superset, or first saw it resumed after
	// a pause; zero for always.
	Since time.Time
	// ProgressAt is when this process last saw a tier make progress; zero for never.
	ProgressAt time.Time
	// Status as it is stored. The machine never changes it.
	Status *v1alpha1.SupersetStatus
	// Policy is what spec says about upgrades.
	Policy Policy
	// Tokens are the values of the annotations now.
	Tokens v1alpha1.LastHandled
	// Desired is the release that spec asks for.
	Desired Release
	// Invalid says why spec cannot be rendered; empty when it can. Desired.Hash then
	// identifies the error.
	Invalid string
	// NoConfig says which ConfigMap that config refers to cannot be copied; empty for none.
	// Desired.Hash then stands for a release that is not known yet.
	NoConfig string
	// Secrets is what was last read of the Secrets in spec.refreshSecrets.
	Secrets Secrets
	// Stored are the stored releases, the newest revision first.
	Stored []Release
	// Tiers are the tiers as they are now, in the order of an upgrade.
	Tiers [3]Tier
	// Page is the maintenance page as it is now.
	Page Page
	// Preflight, BackupCheck, Rehearse, Backup, Migrate, Verify, Downgrade, RestoreCheck and Restore are the Jobs
	// under the current fence. One whose end is recorded may be gone.
	Preflight, BackupCheck, Rehearse, Backup, Migrate, Verify, Downgrade, RestoreCheck, Restore migrations.Progress
	// Sharing are other Supersets whose database is the one that the preflight found.
	Sharing []Sharer
	// LostClaims are the claims of backups that do not exist or are being deleted.
	LostClaims []string
	// NoClaim says why the claim for the planned backup cannot be used; empty when it can, and
	// before it was read: see Decision.NeedsClaim.
	NoClaim string
	// Busy says for each kind of run which other Supersets hold all slots; empty while one
	// is free.
	Busy map[v1alpha1.SlotKind]string
	// Version is the lowest version that any pod runs; empty when no pod runs.
	Version string
	// MaxFence is the highest fence of any component or Job. The next fence is above
	// it, also after the status was lost.
	MaxFence int64
	// LeftoverJobs is true while a Job is to be deleted: it runs, does not change the schema,
	// and no phase waits for it; or its script has ended and another container keeps its pod.
	LeftoverJobs bool
	// Lingers names a failed Job whose script has ended, the container that keeps its pod, and
	// the command that deletes it; empty for none. Such a Job is kept for its log.
	Lingers string
	// Migrating is true while the script of a Job that changes the schema (migrate,
	// downgrade, restore) may run, under any fence.
	Migrating bool
}

// Secrets is what was read of Secrets whose change restarts the tiers.
type Secrets struct {
	// Known is what status becomes of them; nil for none. Desired follows from it.
	Known *v1alpha1.RefreshSecretsStatus
	// Changed names those that have changed, separated by commas: for the desired release, or
	// since then if they Wait. Empty for none.
	Changed string
	// Waits is true while a change is not part of the desired release yet.
	Waits bool
	// NotRead says which cannot be read, and what to do; empty for none.
	NotRead string
}

// Sharer is another Superset with the same database.
type Sharer struct {
	// Name as <namespace>/<name>.
	Name string
	// Scheduler is true when it has a scheduler.
	Scheduler bool
}

// Policy is what spec says about upgrades.
type Policy struct {
	Strategy v1alpha1.Strategy
	// Rollback is the rollback class that the user asks for.
	Rollback v1alpha1.RollbackChoice
	// Rehearsal says which runs are rehearsed on a copy of the database.
	Rehearsal v1alpha1.RehearsalPolicy
	// Backup is true when the database is backed up before it is migrated.
	Backup           bool
	OnFailure        v1alpha1.FailurePolicy
	Paused           bool
	AllowUnsupported bool
	AllowSkip        bool
	Deadlines        v1alpha1.Deadlines
	// MaxLockTime is how long a migration under live traffic may hold the table
	// locks; 0 for the default of 5 s.
	MaxLockTime time.Duration
	// Soak is how long the new release must run without a restart before it counts
	// as verified; 0 for no soak.
	Soak     time.Duration
	Approval v1alpha1.Approval
	// Gates are the phases that need an approval of their own.
	Gates []v1alpha1.Phase
	// MaintenancePage is true when users see a maintenance page while web is stopped.
	MaintenancePage bool
	// Windows are the maintenance windows in which an upgrade may begin; empty for
	// always.
	Windows []v1alpha1.MaintenanceWindow
}

// StoredRelease finds a stored release by its hash; the zero Release when it is not
// stored.
func (o *Observation) StoredRelease(hash string) Release {
	for _, r := range o.Stored {
		if r.Hash == hash {
			return r
		}
	}
	return Release{}
}

// StoredVersion is the newest stored release of a version.
func (o *Observation) StoredVersion(version string) (Release, bool) {
	for _, r := range o.Stored {
		if r.Version == version {
			return r, true
		}
	}
	return Release{}, false
}

// JobOf is the progress of a script under the current fence. It panics for an unknown
// script.
func (o *Observation) JobOf(script migrations.Script) *migrations.Progress {
	switch script {
	case migrations.Preflight:
		return &o.Preflight
	case migrations.BackupCheck:
		return &o.BackupCheck
	case migrations.Rehearse:
		return &o.Rehearse
	case migrations.Backup:
		return &o.Backup
	case migrations.Migrate:
		return &o.Migrate
	case migrations.Verify:
		return &o.Verify
	case migrations.Downgrade:
		return &o.Downgrade
	case migrations.RestoreCheck:
		return &o.RestoreCheck
	case migrations.Restore:
		return &o.Restore
	default:
		panic("unknown script " + string(script))
	}
}

// RecordOf is the recorded end of a script's Job in the phase under way; nil for none.
func RecordOf(status *v1alpha1.SupersetStatus, script migrations.Script) *v1alpha1.JobRecord {
	if status.Upgrade == nil {
		return nil
	}
	for i := range status.Upgrade.Jobs {
		if status.Upgrade.Jobs[i].Script == string(script) {
			return &status.Upgrade.Jobs[i]
		}
	}
	return nil
}

// AnyTier is true when at least one component exists.
func (o *Observation) AnyTier() bool {
	return o.Tiers[Scheduler].Exists || o.Tiers[Worker].Exists || o.Tiers[Web].Exists
}
