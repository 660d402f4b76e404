// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strconv"

	"github.com/Masterminds/semver/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// goBack turns to a release that can be gone back to. Where that restores a
// backup over newer data it waits for the user's word: what runs goes on
// meanwhile.
func goBack(o *Observation, target Release, reason, message string) Decision {
	way := WayBack(o, target)
	token, loss := loses(o, target, way)
	if token == "" || o.Tokens.AcceptDataLoss == token {
		return Decision{Move: RollBack, Back: target, Way: way, Reason: reason, Message: message}
	}
	var d Decision
	if resting(o.phase()) {
		d = rest(o)
	} else {
		d.Work.keepAll(o)
	}
	asks := "the annotation " + v1alpha1.AnnotationRollback
	if reason == v1alpha1.ReasonSpecReverted {
		asks = "the edit of spec"
	}
	d.Waiting, d.Reason, d.Loss = true, v1alpha1.ReasonAwaitingApproval, token
	d.Message = loss + "; to stay, take back " + asks
	return d
}

// canGoBack is true when something leads the database to where a release serves.
func canGoBack(o *Observation, target Release) bool {
	return target.Hash != "" && WayBack(o, target).Class != v1alpha1.RollbackFrozen
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
	if target.Hash != "" && !canGoBack(o, target) {
		target, why = Release{}, WayBack(o, target).Reason
	}
	switch {
	case target.Hash != "":
		return goBack(o, target, v1alpha1.ReasonRollbackRequested,
			fmt.Sprintf("rollback to %s was asked for by annotation", target.Version)), true
	case o.phase() == validate:
		return Decision{Move: Fail, Failed: true, Reason: v1alpha1.ReasonStopped, Refused: why,
			Message: "the run was stopped by a rollback token before anything was touched"}, true
	case resting(o.phase()):
		d := rest(o)
		d.Refused = why
		return d, true
	default:
		// There is nothing to go back to, and the run goes on.
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
		before = startedFrom(o)
	case o.phase() == validate, o.phase() == failed:
		return Release{}, "nothing was touched: there is nothing to take back"
	}
	if r := o.stored(before); r.Hash != "" {
		return r, ""
	}
	return Release{}, "there is no release before this one in store"
}

// startedFrom is the release that a touched run is taken back to: once more where
// a way back has failed already.
func startedFrom(o *Observation) string {
	if run := o.run(); o.phase() == failed && run.RollbackRelease != "" {
		return run.RollbackRelease
	}
	return o.run().FromRelease
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
