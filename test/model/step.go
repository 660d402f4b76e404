// SPDX-License-Identifier: Apache-2.0

package model

// step is one transition of the model.
type step struct {
	what stepKind
	// arg is the number of the tier, Job, release or kind.
	arg uint8
	// hides: a cache update after which the old copy can reappear, a restart with current caches,
	// or the deletion of a Job, not only of its pod.
	hides bool
	// kind of the written object, and whether its cache is now stale.
	kind  int8
	stale bool
	// fails: the step uses up a fault.
	fails bool
	// write is the write of the operator, and verdict the one that it belongs to.
	write   *write
	verdict *verdict
}

type stepKind uint8

// The kinds of steps, with their actors.
const (
	stepOperator  stepKind = iota
	stepDecide             // the operator decides to begin a run, and has not written it
	stepCatchUp            // a cache is updated
	stepRoll               // a Deployment: pods
	stepReport             // a component controller: the status of its object
	stepJob                // a Job
	stepPage               // the pod of the maintenance page
	stepBackoff            // the backoff before the next attempt is over
	stepRelease            // another Superset releases its slot
	stepGrace              // the wait for the maintenance page is over
	stepLate               // a write of a leader that has lost its lease
	stepOverdue            // the deadline of the phase passes
	stepCrash              // the operator restarts
	stepOutage             // a long time passes without an operator, while paused or at a gate
	stepRenderer           // the operator is replaced by a release that renders spec differently, or back
	stepTake               // another Superset takes the last slot
	stepLoseLease          // the operator loses its lease without noticing
	stepEdit               // a user edits spec
	stepRollback
	stepRetry
	stepApprove
	stepAccept
	stepPause
	stepDrift  // a user deletes a component
	stepVanish // an ended Job or its pod is deleted
)

// own is true for steps of the operator and its caches.
func (s step) own() bool { return s.what <= stepCatchUp }

// fair is true for a step that eventually happens without a fault or a user.
func (s step) fair() bool {
	return s.what <= stepGrace && !s.fails || s.what == stepOverdue && !s.fails
}

// asks is true for a step of a user that can cause a run.
func (s step) asks() bool {
	switch s.what {
	case stepEdit, stepRollback, stepRetry, stepAccept:
		return true
	default:
		return false
	}
}

// yielder receives each successor state with its step.
type yielder func(*state, step)

// successors yields all possible next states, always in the same order.
func (m *model) successors(s *state, yield yielder) {
	m.operator(s, yield)
	caches(s, yield)
	m.tiers(s, yield)
	m.jobs(s, yield)
	m.time(s, yield)
	m.lateLeader(s, yield)
	m.restarts(s, yield)
	m.users(s, yield)
	m.vanishes(s, yield)
	slots(s, yield)
	m.outages(s, yield)
}
