// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// ActionKind is what an Action does: a closed set.
type ActionKind int

// The actions. Each is idempotent, and repeated as long as the phase lasts.
const (
	// StoreRelease stores the desired release with its plan and its config.
	StoreRelease ActionKind = iota
	// ApplyService makes the web Service select web, or the maintenance page.
	ApplyService
	// ApplyPage makes the maintenance page of the release that runs.
	ApplyPage
	// RemovePage removes it.
	RemovePage
	// ApplyTier makes a component what Release, Fence and Mode say; an empty
	// Release keeps the one it has.
	ApplyTier
	// RemoveTier removes a component that the release does not have.
	RemoveTier
	// RunJob creates a Job, once.
	RunJob
	// EndJobs removes preflight, rehearse, backup and verify Jobs that nothing waits for and
	// that have not ended. Never a Job that changes the schema.
	EndJobs
	// Prune removes releases and configs past the history limit.
	Prune
)

// Action is one thing to do.
type Action struct {
	Kind ActionKind
	// Page belongs to ApplyService: true selects the maintenance page.
	Page bool
	// Tier, Release, Fence and Mode belong to ApplyTier and RemoveTier.
	Tier    int
	Release string
	Fence   int64
	Mode    v1alpha1.Mode
	// Plan, PlanHash and Head, the schema revision of its image, belong to
	// StoreRelease.
	Plan           *v1alpha1.Plan
	PlanHash, Head string
	// Script, Attempt and ExpectedRevision belong to RunJob, with Release and
	// Fence.
	Script           migrations.Script
	Attempt          int
	ExpectedRevision string
	// Current is the release that runs now, for a rehearsal.
	Current string
	// AsUser has preflight and verify do what spec.upgrade.verify asks of Superset, and
	// Queries ask what it asks of Prometheus.
	AsUser, Queries bool
	// Revision is what a downgrade leads to, and what a restored backup holds.
	Revision string
	// Backup is the name of the backup that is taken or put back.
	Backup string
	// Reencrypt has a migration encrypt what is stored with the new key, and a
	// downgrade with the one before.
	Reencrypt bool
	// MaxLock has the migration lock every table first, and hold them no longer;
	// 0 for a migration that nothing runs beside.
	MaxLock time.Duration
}

// Work is a short list of actions that lives on the stack: a decision at rest
// allocates nothing.
type Work struct {
	list [10]Action
	n    int
}

// Actions lists them in the order in which they must be done.
func (w *Work) Actions() []Action { return w.list[:w.n] }

func (w *Work) add(a Action) {
	w.list[w.n] = a
	w.n++
}

// keep leaves a tier at the release, fence and mode that it has; one that was
// lost comes back.
func (w *Work) keep(o *Observation, tier int) {
	t := o.Tiers[tier]
	if t.Exists {
		w.add(Action{Kind: ApplyTier, Tier: tier, Release: t.Release, Fence: t.Fence, Mode: t.Mode})
		return
	}
	if due := due(o, tier); due.Has[tier] {
		fence := o.Status.UpgradeRevision
		if o.phase() == validate {
			fence-- // it belongs to what runs: this run has not given it anything yet
		}
		w.add(Action{Kind: ApplyTier, Tier: tier, Release: due.Hash, Fence: fence, Mode: v1alpha1.ModeServe})
	}
}

// turns are the phases in which the tiers are given the target.
var turns = [3]v1alpha1.Phase{Scheduler: scheduler, Worker: workers, Web: web}

// due is the release that a tier which does not exist should have: the target's
// once its turn has come. It has no tier while that must not run beside the
// migration. Once something was touched it has none that the target lacks, and
// none of a release that may not serve on the database as it is.
func due(o *Observation, tier int) Release {
	run, at := o.run(), o.phase()
	if at == failed && run.Failure != nil {
		at = run.Failure.Phase
	}
	switch {
	case at == rollback:
		return dueBack(o)
	case at == dbMigrate && quieted(o, tier):
		return Release{}
	case slices.Index(steps[:len(steps)-1], at) >= slices.Index(steps, turns[tier]):
		return o.stored(run.ToRelease)
	}
	target := o.stored(run.ToRelease)
	leaves := target.Hash != "" && !target.Has[tier]
	return unless(run.Touched && (leaves || !serves(o, o.Status.Release)), o.stored(o.Status.Release))
}

// dueBack is the release that a lost tier should have on the way back.
func dueBack(o *Observation) Release {
	hash := o.run().RollbackRelease
	return unless(databaseTurns(o) || o.phase() == failed && !serves(o, hash), o.stored(hash))
}

// unless is the release, or none.
func unless(not bool, r Release) Release {
	if not {
		return Release{}
	}
	return r
}

// serves is true when a stored release serves on the database as it is.
func serves(o *Observation, hash string) bool {
	return WayBack(o, o.stored(hash)).Class == v1alpha1.RollbackImage
}

// quieted is true for a tier that must not run beside the Job that changes the
// database.
func quieted(o *Observation, tier int) bool {
	return tier == Scheduler || o.run().Strategy != v1alpha1.StrategyRolling || o.phase() == rollback
}

// keepAll leaves every tier as it is.
func (w *Work) keepAll(o *Observation) {
	w.front(o)
	for tier := range o.Tiers {
		w.keep(o, tier)
	}
}

// put brings a tier to a release under the current fence, or removes it when
// the release has no such tier.
func (w *Work) put(o *Observation, tier int, r Release, mode v1alpha1.Mode) {
	if mode == v1alpha1.ModeHold && beyond(o, tier) {
		w.keep(o, tier)
	} else if r.Has[tier] {
		w.add(Action{Kind: ApplyTier, Tier: tier, Release: r.Hash, Fence: o.Status.UpgradeRevision, Mode: mode})
	} else if o.Tiers[tier].Exists {
		w.add(Action{Kind: RemoveTier, Tier: tier})
	}
}

// putAll brings every tier to a release under the current fence.
func (w *Work) putAll(o *Observation, r Release) {
	w.front(o)
	for tier := range o.Tiers {
		w.put(o, tier, r, v1alpha1.ModeServe)
	}
}

// removeForeign removes a tier that has no place in the release that was
// verified.
func (w *Work) removeForeign(o *Observation, tier int, verified Release) {
	if verified.Hash != "" && !verified.Has[tier] && o.Tiers[tier].Exists {
		w.add(Action{Kind: RemoveTier, Tier: tier})
	}
}

// hold stops a tier at the release that it has, under the current fence.
func (w *Work) hold(o *Observation, tier int) {
	if t := o.Tiers[tier]; beyond(o, tier) {
		w.keep(o, tier)
	} else if t.Exists {
		w.add(Action{Kind: ApplyTier, Tier: tier, Release: t.Release, Fence: o.Status.UpgradeRevision, Mode: v1alpha1.ModeHold})
	}
}

// beyond is true for a tier that serves at the target under the current fence. On
// the way forward a tier is held first, and serves then: this status lags behind
// it, and must not stop it once more.
func beyond(o *Observation, tier int) bool {
	t := o.Tiers[tier]
	return o.phase() != rollback && t.Exists && t.Fence == o.Status.UpgradeRevision && t.Mode == v1alpha1.ModeServe &&
		t.Release == o.run().ToRelease
}

// at is true when a tier's spec and status are those that put asks for.
func at(o *Observation, tier int, r Release, mode v1alpha1.Mode) bool {
	t := o.Tiers[tier]
	return t.Exists && t.Release == r.Hash && t.Fence == o.Status.UpgradeRevision && t.Mode == mode && t.Current
}

// held is true when a tier is at a release and has no pod left, not even one
// that is ending; or when the release has no such tier and it is gone.
func held(o *Observation, tier int, r Release) bool {
	if o.Tiers[tier].Pods > 0 {
		return false
	}
	return at(o, tier, r, v1alpha1.ModeHold) || gone(o, tier, r)
}

// serving is true when all pods of a tier are ready at a release; or when the
// release has no such tier and it is gone.
func serving(o *Observation, tier int, r Release) bool {
	t := o.Tiers[tier]
	return at(o, tier, r, v1alpha1.ModeServe) && t.Settled && t.Stray == 0 || gone(o, tier, r)
}

// gone is true when a release has no such tier and nothing of it is left.
func gone(o *Observation, tier int, r Release) bool {
	t := o.Tiers[tier]
	return !r.Has[tier] && !t.Exists && t.Pods == 0
}
