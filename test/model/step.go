// SPDX-License-Identifier: Apache-2.0

package model

// step is one thing that happens.
type step struct {
	what stepKind
	// arg says which: a tier, a Job, a release, a kind.
	arg uint8
	// hides marks the second of two ways for a cache to catch up, or to be filled
	// after a restart.
	hides bool
	// kind of the object that was written, and whether its cache lags now.
	kind int8
	lags bool
	// fails: a fault was spent on it.
	fails bool
	// write is what the operator wrote, and verdict what it belongs to.
	write   *write
	verdict *verdict
}

type stepKind uint8

// The steps, by who takes them.
const (
	stepOperator stepKind = iota
	stepCatchUp           // a cache
	stepRoll              // a Deployment: pods
	stepAnswer            // a component controller: the status of its object
	stepJob               // a Job
	stepPage              // the maintenance page's pod
	stepRest              // the pause before another attempt is over
	stepGrace             // the page has had its time
	stepLate              // a write of a leader that has lost its lease
	stepOverdue           // the phase's deadline passes
	stepCrash             // the operator restarts
	stepCutOff            // the operator loses its lease and does not know
	stepEdit              // a user writes spec
	stepRollback
	stepRetry
	stepApprove
	stepAccept
	stepPause
	stepDrift // somebody deletes a component
)

// own is true for steps of the operator and its caches alone.
func (s step) own() bool { return s.what <= stepCatchUp }

// fair is true for what happens by itself, sooner or later, without a fault.
func (s step) fair() bool {
	return s.what <= stepGrace && !s.fails || s.what == stepOverdue && !s.fails
}

// yielder is given each state that a step leads to.
type yielder func(*state, step)

// successors yields all that may happen next, always in the same order.
func (m *model) successors(s *state, yield yielder) {
	m.operator(s, yield)
	caches(s, yield)
	m.tiers(s, yield)
	m.jobs(s, yield)
	m.time(s, yield)
	m.lateLeader(s, yield)
	m.restarts(s, yield)
	m.users(s, yield)
}
