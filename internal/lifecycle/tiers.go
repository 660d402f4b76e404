// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// stage is one tier's turn.
type stage struct {
	work    Work
	done    bool
	next    Event
	message string
	blocked string
}

// follow goes on with a stage, unless the user wants something else: a
// rollback comes at once, another release at the stage's end, or when the
// stage is stuck.
func follow(o *Observation, target Release, s stage) Decision {
	if target.Hash == "" {
		s = lost(o, o.run().ToRelease, s.next)
	}
	if d, ok := rollbackToken(o); ok {
		return d
	}
	if d, ok := edited(o, s.done || s.blocked != ""); ok {
		return d
	}
	if s.done {
		return Decision{Move: s.next}
	}
	if overdue(o) {
		return expired(o, s.blocked)
	}
	d := wait(o, s.work, s.message, s.blocked)
	if o.Desired.Hash != o.run().ToRelease {
		d.Waiting, d.Reason = true, v1alpha1.ReasonQueuedBehindStage
		d.Message += "; the new spec waits for the end of this stage"
	}
	return d
}

// lost takes the place of a stage whose release is not in store: the cache has
// not seen it yet, or somebody deleted it. A release that nobody knows must not
// be taken for one without tiers, so every tier stays as it is.
func lost(o *Observation, hash string, next Event) stage {
	s := stage{next: next, message: "waiting for the stored release",
		blocked: fmt.Sprintf("the ControllerRevision of release %s is missing", hash)}
	s.work.keepAll(o)
	if o.Desired.Hash == hash { // spec still says what was in it
		again := Action{Kind: StoreRelease}
		if run := o.run(); run.ToRelease == hash {
			again.Head = run.Head
		}
		s.work.add(again)
	}
	return s
}

// decideScheduler puts the scheduler at the target, held at zero: a new beat
// must not send tasks that old workers throw away.
func decideScheduler(o *Observation) Decision {
	target := o.stored(o.run().ToRelease)
	s := stage{next: SchedulerHeld, done: held(o, Scheduler, target)}
	s.message = fmt.Sprintf("putting the scheduler at %s, held until the workers are there", target.Version)
	s.work.front(o)
	s.work.put(o, Scheduler, target, v1alpha1.ModeHold)
	s.work.keep(o, Worker)
	s.work.keep(o, Web)
	return follow(o, target, s)
}

// decideWorkers rolls the workers, then releases the scheduler. Once released
// it stays so, even if a worker pod is lost afterwards.
func decideWorkers(o *Observation) Decision {
	target := o.stored(o.run().ToRelease)
	rolled := serving(o, Worker, target)
	s := stage{next: WorkersUpgraded, done: rolled && serving(o, Scheduler, target)}
	s.message = fmt.Sprintf("upgrading the workers to %s", target.Version)
	s.blocked = o.Tiers[Worker].Blocked
	s.work.front(o)
	s.work.put(o, Worker, target, v1alpha1.ModeServe)
	mode := v1alpha1.ModeHold
	if rolled || released(o, target) {
		mode = v1alpha1.ModeServe
		s.message = fmt.Sprintf("releasing the scheduler at %s", target.Version)
		s.blocked += o.Tiers[Scheduler].Blocked
	}
	s.work.put(o, Scheduler, target, mode)
	s.work.keep(o, Web)
	return follow(o, target, s)
}

// released is true once the scheduler of a release serves under this fence.
func released(o *Observation, r Release) bool {
	t := o.Tiers[Scheduler]
	return t.Exists && t.Release == r.Hash && t.Fence == o.Status.UpgradeRevision && t.Mode == v1alpha1.ModeServe
}

// decideWeb rolls the web tier, never below its replicas.
func decideWeb(o *Observation) Decision {
	target := o.stored(o.run().ToRelease)
	s := stage{next: WebUpgraded, done: serving(o, Web, target) && !o.Page.InFront, blocked: o.Tiers[Web].Blocked}
	s.message = fmt.Sprintf("upgrading web to %s", target.Version)
	s.work.putAll(o, target) // the others had their turn; one that was lost comes back at the target
	return follow(o, target, s)
}

// decideVerify tests by use what runs.
func decideVerify(o *Observation) Decision {
	if d, ok := rollbackToken(o); ok {
		return d
	}
	if d, ok := edited(o, true); ok {
		return d
	}
	target := o.stored(o.run().ToRelease)
	if wrong := seen(o); wrong != "" {
		return fail(o, string(migrations.ReasonCheckFailed), wrong)
	}
	tier := astray(o, target)
	if overdue(o) && (!o.Verify.Done || tier >= 0) {
		return expired(o, o.Verify.Blocked+stuck(o, tier))
	}
	work := lost(o, o.run().ToRelease, "").work
	if target.Hash != "" {
		work = Work{}
		work.putAll(o, target)
	}
	if d, goesOn := runJob(o, o.Verify, work, verifyJob(o, o.run().ToRelease)); goesOn {
		return d
	}
	if tier >= 0 {
		return wait(o, work, fmt.Sprintf("waiting until every %s pod is at %s again", tierNames[tier], target.Version), o.Tiers[tier].Blocked)
	}
	return Decision{Move: Verified}
}

// stuck is why a tier is not where it should be; empty for none, or when its Job is
// the one that has not ended.
func stuck(o *Observation, tier int) string {
	if tier < 0 || !o.Verify.Done {
		return ""
	}
	return cmp.Or(o.Tiers[tier].Blocked, "a "+tierNames[tier]+" pod is not at the release that was verified")
}

// verifyJob expects the revision that was last seen where that may be ahead of
// the image. A migration that crashed without a word may have committed before.
func verifyJob(o *Observation, release string) Action {
	forward := o.phase() == verify && asUser(o)
	next := Action{Kind: RunJob, Script: migrations.Verify, Release: release, Fence: o.Status.UpgradeRevision, AsUser: forward, Queries: forward}
	way := o.run().Rollback
	switch s := o.Status.Schema; {
	case o.phase() == rollback && way != nil && way.Revision != "":
		next.ExpectedRevision = way.Revision
	case s != nil && (s.AheadAfterRollback || o.phase() == rollback):
		next.ExpectedRevision = s.Revision
		if uncertain(o) && s.Revision != o.run().Head {
			next.ExpectedRevision += "," + o.run().Head
		}
	}
	return next
}
