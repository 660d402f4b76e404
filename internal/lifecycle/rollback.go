// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strconv"

	"github.com/Masterminds/semver/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// decideRollback puts the tiers back, class Image: old code on the schema as it
// is (right for every hop from 4.1 to 6.1, as measured). Producers come first,
// so that nobody sends a task that an old worker throws away: the scheduler is
// held, web goes back, then the workers, then the scheduler is released.
func decideRollback(o *Observation) Decision {
	target := o.stored(o.run().RollbackRelease)
	if o.Migrating {
		return migrating(o)
	}
	step := backStep(o, target)
	if target.Hash == "" {
		step = lost(o, o.run().RollbackRelease, "")
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

// rollbackAsked is true while a rollback token stands there unhandled.
func rollbackAsked(o *Observation) bool {
	return o.Tokens.Rollback != "" && o.Tokens.Rollback != o.Status.LastHandled.Rollback
}

// rollbackToken answers a rollback token, if there is a new one.
func rollbackToken(o *Observation) (Decision, bool) {
	if !rollbackAsked(o) {
		return Decision{}, false
	}
	target, why := askedTarget(o)
	switch {
	case target.Hash != "":
		return Decision{Move: RollBack, Back: target, Reason: v1alpha1.ReasonRollbackRequested,
			Message: fmt.Sprintf("rollback to %s was asked for by annotation", target.Version)}, true
	case o.phase() == validate:
		return Decision{Move: Fail, Failed: true, Reason: v1alpha1.ReasonStopped, Refused: why,
			Message: "the run was stopped by a rollback token before anything was touched"}, true
	case resting(o.phase()):
		d := rest(o)
		d.Refused = why
		return d, true
	default:
		// A first install has nothing to go back to, and goes on.
		return Decision{}, false
	}
}

// askedTarget is the release that a rollback token means, or why there is none.
func askedTarget(o *Observation) (Release, string) {
	token := o.Tokens.Rollback
	if n, err := strconv.ParseInt(token, 10, 64); err == nil {
		if r := o.stored(releaseAt(o, n)); r.Hash != "" {
			return unlessRunning(o, r)
		}
	}
	if _, err := semver.StrictNewVersion(token); err == nil {
		if r, ok := storedVersion(o, token); ok {
			return unlessRunning(o, r)
		}
		return Release{}, fmt.Sprintf("no stored release has version %s", token)
	}
	return releaseBefore(o)
}

// releaseAt is the hash of the release of a revision, as history or the store has
// it; empty for none.
func releaseAt(o *Observation, revision int64) string {
	for i := range o.Status.History {
		if o.Status.History[i].Revision == revision && o.Status.History[i].Release != "" {
			return o.Status.History[i].Release
		}
	}
	for _, r := range o.Stored {
		if r.Revision == revision {
			return r.Hash
		}
	}
	return ""
}

// releaseBefore is what a token that names nothing means: the release before
// the one that runs, or the one that the run under way started from.
func releaseBefore(o *Observation) (Release, string) {
	run := o.run()
	before := o.Status.PreviousRelease
	switch {
	case run.Touched && (!resting(o.phase()) || o.phase() == failed):
		before = run.FromRelease
	case o.phase() == validate, o.phase() == failed:
		return Release{}, "nothing was touched: there is nothing to take back"
	}
	if r := o.stored(before); r.Hash != "" {
		return r, ""
	}
	return Release{}, "there is no release before this one in store"
}

// unlessRunning refuses a named release that runs and was verified already, and
// one of a higher version that never was: its schema may not be there.
func unlessRunning(o *Observation, r Release) (Release, string) {
	running := o.stored(o.Status.Release)
	if running.Hash == "" {
		return Release{}, "no release was verified yet: there is nothing to go back to"
	}
	if higher(r.Version, running.Version) && !wasVerified(o, r.Hash) {
		return Release{}, fmt.Sprintf("version %s is higher than %s, which runs, and was never verified: set spec.version to it, or retry", r.Version, running.Version)
	}
	if r.Hash == o.Status.Release && (o.phase() == ready || o.phase() == back) {
		return Release{}, fmt.Sprintf("version %s runs already", r.Version)
	}
	return r, ""
}

// wasVerified is true for a release that a run has succeeded with.
func wasVerified(o *Observation, hash string) bool {
	for i := range o.Status.History {
		if o.Status.History[i].Release == hash && o.Status.History[i].Result == v1alpha1.ResultSucceeded {
			return true
		}
	}
	return false
}
