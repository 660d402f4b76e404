// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// decideRollback puts the database back where the class says so, and then the
// tiers. Producers come first, so that nobody sends a task that an old worker
// throws away: the scheduler is held, web goes back, then the workers, then the
// scheduler is released.
func decideRollback(o *Observation) Decision {
	target := o.stored(o.run().RollbackRelease)
	if o.Migrating {
		return migrating(o)
	}
	step := backStep(o, target)
	if target.Hash == "" {
		step = lost(o, o.run().RollbackRelease, "")
	} else if d, goesOn := databaseBack(o); goesOn {
		return queued(o, d)
	}
	if step.done {
		if d, goesOn := backVerified(o, step.work, target); goesOn {
			return d
		}
		if o.Desired.Hash == target.Hash {
			return Decision{Move: Reverted}
		}
		return Decision{Move: Restored}
	}
	if overdue(o) {
		return expired(o, step.blocked)
	}
	return queued(o, wait(o, step.work, step.message, step.blocked))
}

// databaseBack stops every tier and takes the database back; goesOn is false once
// that is done, or where the class leaves the database as it is.
func databaseBack(o *Observation) (d Decision, goesOn bool) {
	next, p := backJob(o)
	if next.Script == "" || p.Done {
		return Decision{}, false
	}
	if p.Attempt > 0 && givesUp(p) {
		return nextClass(o, p), true
	}
	if o.stored(next.Release).Hash == "" {
		step := lost(o, next.Release, "")
		return late(o, wait(o, step.work, step.message, step.blocked)), true
	}
	work, quiet := quiesce(o)
	if !quiet {
		d := wait(o, work, "waiting until no pod uses the database that is taken back", "")
		d.Recheck = earlier(d.Recheck, pageGrace-o.elapsed())
		return late(o, d), true
	}
	d, _ = runJob(o, p, work, next)
	return late(o, d), true
}

// backJob is the Job that takes the database back, and how far it is; without a
// script where the class needs none.
func backJob(o *Observation) (Action, migrations.Progress) {
	way := o.run().Rollback
	if way == nil {
		return Action{}, migrations.Progress{}
	}
	a := Action{Kind: RunJob, Fence: o.Status.UpgradeRevision, Revision: way.Revision}
	switch way.Class {
	case v1alpha1.RollbackDowngrade:
		a.Script, a.Release, a.Reencrypt = migrations.Downgrade, way.Release, way.Reencrypt
	case v1alpha1.RollbackRestore:
		a.Script, a.Release, a.Backup = migrations.Restore, o.run().RollbackRelease, way.Backup
	case v1alpha1.RollbackImage, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
	}
	return a, changing(o)
}

// databaseTurns is true while a rollback has not taken the database back yet.
func databaseTurns(o *Observation) bool {
	next, p := backJob(o)
	return o.phase() == rollback && next.Script != "" && !p.Done
}

// nextClass goes on with the next safe class after a way back that failed; where
// there is none, a person is needed.
func nextClass(o *Observation, p migrations.Progress) Decision {
	run, r := o.run(), p.Result
	target := o.stored(run.RollbackRelease)
	if run.Rollback.Class == v1alpha1.RollbackDowngrade && run.Rollback.FellBack == "" {
		asIf := *o // so that the way that failed is no choice any more
		asIf.Status = o.Status.DeepCopy()
		asIf.Status.Upgrade.Rollback.FellBack = whyFellBack(p)
		way := WayBack(&asIf, target)
		token, _ := loses(o, target, way)
		accepted := token == "" || o.Tokens.AcceptDataLoss == token
		if accepted && way.Class != v1alpha1.RollbackFrozen && !way.Reencrypt {
			return Decision{Move: NextClass, Way: way, Reason: v1alpha1.ReasonNextClass,
				Message: fmt.Sprintf("Downgrade failed (%s: %s); going on with %s: %s", r.Reason, r.Message, way.Class, way.Reason)}
		}
	}
	return fail(o, string(r.Reason), r.Message)
}

// whyFellBack is why a Downgrade was given up.
func whyFellBack(p migrations.Progress) string {
	return truncate(fmt.Sprintf("%s: %s", p.Result.Reason, p.Result.Message), 512)
}

// backStep is the first step of the way back that is not done.
func backStep(o *Observation, target Release) stage {
	var s stage
	s.work.front(o)
	beatBack := released(o, target)
	if !beatBack && !held(o, Scheduler, target) {
		s.message = fmt.Sprintf("holding the scheduler at %s", target.Version)
		s.work.put(o, Scheduler, target, v1alpha1.ModeHold)
		s.work.keep(o, Web)
		s.work.keep(o, Worker)
		return s
	}
	for _, tier := range []int{Web, Worker} {
		s.work.put(o, tier, target, v1alpha1.ModeServe)
		if serving(o, tier, target) {
			continue
		}
		s.message = fmt.Sprintf("putting web and workers back to %s", target.Version)
		s.blocked = o.Tiers[tier].Blocked
		if tier == Web {
			s.work.keep(o, Worker)
		}
		mode := v1alpha1.ModeHold
		if beatBack {
			mode = v1alpha1.ModeServe
		}
		s.work.put(o, Scheduler, target, mode)
		return s
	}
	s.work.put(o, Scheduler, target, v1alpha1.ModeServe)
	s.message = fmt.Sprintf("releasing the scheduler at %s", target.Version)
	s.blocked = o.Tiers[Scheduler].Blocked
	s.done = serving(o, Scheduler, target) && !o.Page.InFront
	return s
}

// backVerified tests by use what runs again.
func backVerified(o *Observation, work Work, target Release) (Decision, bool) {
	if overdue(o) && !o.Verify.Done {
		return expired(o, o.Verify.Blocked), true
	}
	d, goesOn := runJob(o, o.Verify, work, verifyJob(o, target.Hash))
	return queued(o, d), goesOn
}

// queued says which edit waits for the end of the rollback.
func queued(o *Observation, d Decision) Decision {
	run := o.run()
	if d.Move == "" && o.Desired.Hash != run.HeldRelease && o.Desired.Hash != run.RollbackRelease {
		d.Waiting, d.Reason = true, v1alpha1.ReasonQueuedBehindRollback
		d.Message += "; the new spec waits until the rollback has ended"
	}
	if rollbackAsked(o) {
		d.Refused = "a rollback is under way already"
	}
	return d
}
