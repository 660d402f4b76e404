// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Observation is all that is known of one Superset at one moment: plain values.
type Observation struct {
	// Now is the one reading of the clock.
	Now time.Time
	// Generation of the spec.
	Generation int64
	// Status as it was persisted. Decide never changes it.
	Status *v1alpha1.SupersetStatus
	// Policy is what spec says of how to upgrade.
	Policy Policy
	// Tokens are the annotations that stand there now.
	Tokens v1alpha1.LastHandled
	// Desired is the release that spec asks for.
	Desired Release
	// Invalid says why spec cannot be rendered; empty when it can. Desired.Hash
	// is then the identity of the mistake.
	Invalid string
	// Stored are the releases in store, the newest revision first.
	Stored []Release
	// Tiers are the components as they are now, in the order of an upgrade.
	Tiers [3]Tier
	// Page is what stands in for web while it is stopped.
	Page Page
	// Preflight, Rehearse, Backup, Migrate, Verify, Downgrade and Restore are the Jobs under
	// the current fence.
	Preflight, Rehearse, Backup, Migrate, Verify, Downgrade, Restore migrations.Progress
	// Version is the lowest version that any pod runs; empty when none runs.
	Version string
	// MaxFence is the highest fence that any component or Job carries: what the
	// counter goes on from after the status was lost.
	MaxFence int64
	// Leftover is true while a Job that changes no schema and that nothing waits
	// for has not ended.
	Leftover bool
	// Migrating is true while a Job that changes the schema (migrate, downgrade,
	// restore), or its pod, of any fence runs.
	Migrating bool
}

// Policy is what spec says of how to upgrade.
type Policy struct {
	Strategy v1alpha1.Strategy
	// Rollback is the class of the way back that the user wants.
	Rollback v1alpha1.RollbackChoice
	// Rehearsal says which runs are tried on a copy first.
	Rehearsal v1alpha1.RehearsalPolicy
	// Backup is true when the database is backed up before it is migrated.
	Backup           bool
	OnFailure        v1alpha1.FailurePolicy
	Paused           bool
	AllowUnsupported bool
	AllowSkip        bool
	Deadlines        v1alpha1.Deadlines
	// MaxLock is how long a migration may hold the tables beside live traffic; 0
	// for the default.
	MaxLock time.Duration
	// Soak is how long what runs must go on without a restart before it counts as
	// verified; 0 for not at all.
	Soak     time.Duration
	Approval v1alpha1.Approval
	// Gates are the phases that wait for an approval of their own.
	Gates []v1alpha1.Phase
	// Page is true when users should see a maintenance page while web is stopped.
	Page bool
	// Windows are when an upgrade may begin; none means always.
	Windows []v1alpha1.MaintenanceWindow
}

// Release is what the machine needs to know of a release.
type Release struct {
	// Hash is its identity; empty for none.
	Hash string
	// Version of Superset in it.
	Version string
	// Revision is the upgradeRevision that stored it; 0 when it is not stored.
	Revision int64
	// Head is the schema revision of its image; empty when it was never proven.
	Head string
	// Key and PreviousKey name its secret keys, Database its database URI: Secret
	// and key, with a slash between.
	Key, PreviousKey, Database string
	// Plan is the hash of the plan that was stored with it last.
	Plan string
	// Has says which tiers it has.
	Has [3]bool
}

// The tiers, in the order of an upgrade.
const (
	Scheduler = iota
	Worker
	Web
)

// Tier is one component as it is now.
type Tier struct {
	// Exists is true when there is a component object.
	Exists bool
	// Release, Fence and Mode are those of its spec.
	Release string
	Fence   int64
	Mode    v1alpha1.Mode
	// Current is true when its status answers this very spec and fence.
	Current bool
	// Settled is true when, on top of that, it is Ready.
	Settled bool
	// Pods counts its pods, those that are ending included.
	Pods int
	// Stray counts the pods that are not ending and belong to another release.
	Stray int
	// Ready counts its ready pods.
	Ready int
	// Blocked says why a pod cannot run; empty when nothing is in the way.
	Blocked string
	// Image is the digest or id of the image that its pods of this release run; empty
	// while none says it. OtherImage is another one that some of them run under the
	// same name; empty when all run one.
	Image, OtherImage string
	// RestartedAt is when one of its containers ended last, while its pod stayed; zero
	// for never. Restart says which, and how.
	RestartedAt time.Time
	Restart     string
}

// Page is the maintenance page as it is now.
type Page struct {
	// Exists is true when there is a Deployment of it.
	Exists bool
	// Ready is true when a pod of it is.
	Ready bool
	// InFront is true when the web Service selects it.
	InFront bool
	// Blocked says why its pod cannot run; empty when nothing is in the way.
	Blocked string
}

// phase is the recorded phase. A new object has none, and one whose status has
// lost the run begins anew: no other phase is without a run.
func (o *Observation) phase() v1alpha1.Phase {
	if o.Status.Phase == "" || o.Status.Upgrade == nil {
		return pending
	}
	return o.Status.Phase
}

// run is the run under way, or the last one; never nil.
func (o *Observation) run() *v1alpha1.UpgradeStatus {
	if o.Status.Upgrade == nil {
		return &v1alpha1.UpgradeStatus{}
	}
	return o.Status.Upgrade
}

// stored finds a release in store; the zero Release when it is not there.
func (o *Observation) stored(hash string) Release {
	for _, r := range o.Stored {
		if r.Hash == hash {
			return r
		}
	}
	return Release{}
}

// elapsed is how long the phase lasts.
func (o *Observation) elapsed() time.Duration {
	if o.Status.PhaseSince == nil {
		return 0
	}
	return o.Now.Sub(o.Status.PhaseSince.Time)
}
