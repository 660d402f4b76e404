// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// decideReady looks for a change. A lower version that is stored is the
// rollback to it, so that reverting a commit works.
func decideReady(o *Observation) Decision {
	if d, ok := rollbackToken(o); ok {
		return d
	}
	if o.Desired.Hash != o.Status.Release {
		return changed(o)
	}
	return rest(o)
}

// changed starts towards another release.
func changed(o *Observation) Decision {
	if r, ok := wayDown(o); ok {
		return goBack(o, r, v1alpha1.ReasonSpecReverted, "spec.version was lowered to that of a stored release")
	}
	return Decision{Move: Begin}
}

// decideRolledBack holds the target that was left until spec changes or a
// retry token comes.
func decideRolledBack(o *Observation) Decision {
	if d, ok := rollbackToken(o); ok {
		return d
	}
	switch {
	case retryAsked(o):
		return changed(o)
	case o.Desired.Hash == o.Status.Release:
		return Decision{Move: Accept}
	case o.Desired.Hash != o.run().HeldRelease:
		return changed(o)
	default:
		return rest(o)
	}
}

// decideFailed waits for a person: a retry or rollback token, or an edit.
func decideFailed(o *Observation) Decision {
	if d, ok := rollbackToken(o); ok {
		return d
	}
	run := o.run()
	if retryAsked(o) || lifted(o) {
		return changed(o) // a way back that failed is tried again as one
	}
	if o.Desired.Hash != run.ToRelease && o.Desired.Hash != run.HeldRelease {
		return mended(o)
	}
	return afterFailure(o)
}

// afterFailure keeps all as it is; where the way back waits for nothing but the
// user's word that data may be lost, that word is enough.
func afterFailure(o *Observation) Decision {
	run := o.run()
	if before := o.stored(startedFrom(o)); run.Touched && before.Hash != "" {
		way := WayBack(o, before)
		token, loss := loses(o, before, way)
		if token != "" && o.Tokens.AcceptDataLoss == token {
			return Decision{Move: RollBack, Back: before, Way: way, Reason: v1alpha1.ReasonRollbackRequested,
				Message: "the loss of data was accepted by annotation"}
		}
		d := rest(o)
		d.Loss, d.Message = token, loss
		if way.Class == v1alpha1.RollbackFrozen {
			d.Message = "nothing leads back by itself: " + way.Reason
		}
		return d
	}
	return rest(o)
}

// mended is what an edit means after a failure.
func mended(o *Observation) Decision {
	run := o.run()
	before := o.stored(run.FromRelease)
	switch {
	case run.Touched && o.Desired.Hash == before.Hash && canGoBack(o, before):
		return goBack(o, before, v1alpha1.ReasonSpecReverted, "spec went back to the release before")
	case !run.Touched && o.Desired.Hash == o.Status.Release:
		return Decision{Move: Accept}
	default:
		return changed(o)
	}
}

// retryAsked is true while a retry token stands there unhandled.
func retryAsked(o *Observation) bool {
	return o.Tokens.Retry != "" && o.Tokens.Retry != o.Status.LastHandled.Retry
}

// lifted is true when a version was refused and the rules allow it now: what
// allows it is no part of the release, so its hash is the same.
func lifted(o *Observation) bool {
	f := o.run().Failure
	if f == nil || o.Desired.Hash != o.run().ToRelease {
		return false
	}
	switch f.Reason {
	case v1alpha1.ReasonUnsupportedVersion, v1alpha1.ReasonVersionSkip, v1alpha1.ReasonDowngradeRefused:
		return refuse(o).reason == ""
	default:
		return false
	}
}

// rest keeps the verified release running.
func rest(o *Observation) Decision {
	var d Decision
	if o.phase() == failed {
		d.Work.keepAll(o)
		return d
	}
	current := o.stored(o.Status.Release)
	d.Work.front(o)
	d.Reason = v1alpha1.ReasonReady
	for tier, has := range current.Has {
		t := o.Tiers[tier]
		if !has {
			d.Work.removeForeign(o, tier, current)
			continue
		}
		fence, asIs := t.Fence, t.Release == current.Hash && t.Mode == v1alpha1.ModeServe
		if !t.Exists || !asIs {
			fence = o.Status.UpgradeRevision // if that is behind the tier's, what we know of the status is old
		}
		d.Work.add(Action{Kind: ApplyTier, Tier: tier, Release: current.Hash, Fence: fence, Mode: v1alpha1.ModeServe})
		if !t.Settled || !asIs {
			d.Waiting, d.Reason, d.Message = true, v1alpha1.ReasonTierNotReady, notReady[tier]
			if t.Blocked != "" {
				d.Message += ": " + t.Blocked
			}
		}
	}
	d.Work.add(Action{Kind: Prune})
	return d
}

// notReady says which tier is not as it was verified.
var notReady = [3]string{
	Scheduler: "the scheduler is not ready",
	Worker:    "not all workers are ready",
	Web:       "not all web pods are ready",
}
