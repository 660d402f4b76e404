// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Decision answers an Observation: a move to another phase, or work in this
// one, never both.
type Decision struct {
	// Move is the event of the move; empty to stay.
	Move Event
	// Work is what to do in this phase.
	Work Work
	// Reason and Message say what is going on, or what went wrong.
	Reason, Message string
	// Failed is true when a failure led to the move.
	Failed bool
	// Waiting is true when something outside must change first: a gate, a
	// blocked pod, a phase past its deadline.
	Waiting bool
	// Back is the release that a RollBack leads to, and Way how the database gets
	// there, also of a NextClass.
	Back Release
	Way  v1alpha1.RollbackStatus
	// Plan is what the run is going to do, and PlanHash identifies it; only
	// while the plan is being made.
	Plan     *v1alpha1.Plan
	PlanHash string
	// Gate is the type of the condition that says which gate is closed, and
	// Token is the approval that opens it; empty for none.
	Gate, Token string
	// Loss is the token that accepts a loss of data; empty when none is asked for.
	Loss string
	// Handled is what status.lastHandled becomes.
	Handled v1alpha1.LastHandled
	// Refused says why a rollback token was handled without effect; empty
	// otherwise.
	Refused string
	// Recheck is when to look again although nothing happened; 0 for never.
	Recheck time.Duration
}

// Decide answers an observation. It is total: every observation has an answer.
func Decide(o *Observation) Decision {
	d := byPhase(o)
	d = atGates(o, d)
	if o.Policy.Paused && (d.Move != "" || !resting(o.phase())) {
		d = paused(o)
	}
	if o.Leftover && d.Move == "" {
		d.Work.add(Action{Kind: EndJobs})
	}
	d.Handled = handled(o, &d)
	return d
}

// rules has the rules of each phase.
var rules = map[v1alpha1.Phase]func(*Observation) Decision{
	pending:   func(*Observation) Decision { return Decision{Move: Begin} },
	ready:     decideReady,
	back:      decideRolledBack,
	failed:    decideFailed,
	validate:  decideValidate,
	dbMigrate: decideMigrate,
	scheduler: decideScheduler,
	workers:   decideWorkers,
	web:       decideWeb,
	verify:    decideVerify,
	rollback:  decideRollback,
}

func byPhase(o *Observation) Decision {
	if decide, ok := rules[o.phase()]; ok {
		return decide(o)
	}
	return Decision{Waiting: true, Reason: v1alpha1.ReasonUnknown,
		Message: fmt.Sprintf("phase %q is unknown to this operator release; run the newer one that wrote it", o.phase())}
}

// Moving is true for a phase that has work to do; false for one at rest.
func Moving(p v1alpha1.Phase) bool { return p != "" && !resting(p) }

func resting(p v1alpha1.Phase) bool {
	return p == pending || p == ready || p == back || p == failed
}

// paused lets what runs run: no move, no new Job, no new assignment.
func paused(o *Observation) Decision {
	d := Decision{Waiting: true, Reason: v1alpha1.ReasonPaused,
		Message: "paused before the next step; set spec.paused to false to go on"}
	d.Work.keepAll(o)
	return d
}

// fail leaves a phase that failed: back to the release before, if something
// was touched and that is what the user wants; else to a person.
func fail(o *Observation, reason, message string) Decision {
	d := Decision{Move: Fail, Failed: true, Reason: reason, Message: message}
	run := o.run()
	before := o.stored(run.FromRelease)
	if o.phase() == rollback || !run.Touched || before.Hash == "" || o.Policy.OnFailure == v1alpha1.OnFailureHold {
		return d
	}
	way := WayBack(o, before)
	if token, _ := loses(o, before, way); way.Class != v1alpha1.RollbackFrozen && (token == "" || o.Tokens.AcceptDataLoss == token) {
		d.Move, d.Back, d.Way = RollBack, before, way
	}
	return d
}

// edited is what an edit of spec means in the middle of a run. Back to the
// release before is a rollback, at once; another release waits for a boundary.
func edited(o *Observation, boundary bool) (Decision, bool) {
	run := o.run()
	before := o.stored(run.FromRelease)
	switch {
	case o.Desired.Hash == run.ToRelease:
		return Decision{}, false
	case o.Desired.Hash == before.Hash && canGoBack(o, before):
		return goBack(o, before, v1alpha1.ReasonSpecReverted, "spec went back to the release before"), true
	case boundary:
		return Decision{Move: Begin}, true
	default:
		return Decision{}, false
	}
}

// handled is what status.lastHandled becomes. A run that begins counts every
// token that stands there as handled, so that a leftover never acts on it; a
// token that is gone is forgotten.
func handled(o *Observation, d *Decision) v1alpha1.LastHandled {
	out := o.Status.LastHandled
	turns := d.Move == Begin || d.Move == RollBack
	_, onwards := forward[d.Move]
	take := func(handled *string, token string, acted bool) {
		if token == "" || acted {
			*handled = token
		}
	}
	take(&out.Rollback, o.Tokens.Rollback, turns || d.Refused != "")
	take(&out.Approve, o.Tokens.Approve, onwards && isApproved(o, hashOf(o, d)))
	take(&out.AcceptDataLoss, o.Tokens.AcceptDataLoss, turns || d.Move == NextClass || onwards && o.phase() == validate)
	if d.Reason != v1alpha1.ReasonPaused {
		out.Retry = o.Tokens.Retry
	}
	return out
}

// until is the time left of a limit; never less than a second, so that a late
// look is still a look.
func until(o *Observation, limit time.Duration) time.Duration {
	return max(limit-o.elapsed(), time.Second)
}
