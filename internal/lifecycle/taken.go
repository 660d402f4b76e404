// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Taken is what the phase under way has taken until the status that follows from a decision.
// After a move that status does not have it any more.
type Taken struct {
	// Now is the time of the observation.
	Now time.Time
	// Worked is how long the phase has worked: without gates, and for a phase with Jobs
	// also without pauses and the times in which no operator ran. 0 for a resting phase.
	Worked time.Duration
	// Jobs are the ended Jobs that the next status is the first to rest on. Each attempt is
	// among them once.
	Jobs []v1alpha1.JobRecord
}

// TakenBy is what the phase of a snapshot has taken until the next status.
func TakenBy(s *state.Snapshot, d *Decision, next *v1alpha1.SupersetStatus) Taken {
	t := Taken{Now: s.Now}
	if !state.Moving(s.Phase) {
		return t
	}
	t.Worked = workedIn(s)
	for _, job := range endedJobs(s) {
		script := migrations.Script(job.Script)
		before, after := state.RecordOf(s.Status, script), state.RecordOf(next, script)
		records := d.Kind == KindMove || after != nil && after.Attempt == job.Attempt
		if records && (before == nil || before.Attempt < job.Attempt) {
			t.Jobs = append(t.Jobs, job)
		}
	}
	return t
}

// workedIn is how long a moving phase has worked. At a gate that time is fixed.
func workedIn(s *state.Snapshot) time.Duration {
	switch n := len(s.Run.Phases); {
	case runsJobs(s.Phase):
		return s.Elapsed
	case s.PhaseDone:
		return time.Duration(*s.Run.Phases[n-1].Seconds) * time.Second
	case s.Status.PhaseSince != nil:
		return max(0, s.Now.Sub(s.Status.PhaseSince.Time))
	default:
		return 0
	}
}
