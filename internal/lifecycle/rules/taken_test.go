// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// take checks, in every run of the simulator, that each ended Job is taken once, and that every
// record in the status and every Job that a move rests on was taken.
func (s *sim) take(o *state.Snapshot, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	key := func(job v1alpha1.JobRecord) string {
		return fmt.Sprintf("%s of fence %d, attempt %d", job.Script, o.Status.UpgradeRevision, job.Attempt)
	}
	for _, job := range lifecycle.TakenBy(o, d, next).Jobs {
		if s.taken[key(job)] {
			s.fail("%s is taken again", key(job))
		}
		s.taken[key(job)] = true
	}
	rests := d.Kind == lifecycle.KindMove && state.Moving(o.Phase)
	if next.Upgrade != nil && next.UpgradeRevision == o.Status.UpgradeRevision {
		for _, job := range next.Upgrade.Jobs {
			if !s.taken[key(job)] {
				s.fail("%s is recorded, and was not taken", key(job))
			}
		}
	}
	for _, script := range lifecycle.ScriptsOf(o.Phase) {
		p := o.JobOf(script)
		if job := (v1alpha1.JobRecord{Script: string(script), Attempt: int32(p.Attempt)}); rests && p.Attempt > 0 && !p.Active && !s.taken[key(job)] {
			s.fail("%s has ended before %s, and was not taken", key(job), d.Move.Event)
		}
	}
}

// The working time of a phase ends at its gate. That of a phase with Jobs leaves a pause out.
func TestTakenWork(t *testing.T) {
	worked := func(o *state.Observation) time.Duration {
		s := state.Of(o)
		return lifecycle.TakenBy(s, &lifecycle.Decision{Kind: lifecycle.KindMove}, o.Status).Worked
	}
	o := validating()
	o.Now = o.Now.Add(10 * time.Minute)
	o.Policy.Paused = true
	fold(o)
	o.Now = o.Now.Add(time.Hour)
	if got := worked(o); got != 10*time.Minute {
		t.Errorf("Validate with a pause: worked %s, want 10m", got)
	}
	o = statetest.Upgrade(v1alpha1.PhaseUpgradeWeb)
	o.Now = o.Status.PhaseSince.Add(3 * time.Minute)
	if got := worked(o); got != 3*time.Minute {
		t.Errorf("UpgradeWeb: worked %s, want 3m", got)
	}
	s := state.Of(o)
	o.Status.Upgrade.Phases = []v1alpha1.PhaseRecord{{Phase: v1alpha1.PhaseUpgradeWeb, StartedAt: *o.Status.PhaseSince}}
	o.Status = lifecycle.AtGate(s, &lifecycle.Decision{})
	o.Now = o.Now.Add(100 * time.Hour)
	if got := worked(o); got != 3*time.Minute {
		t.Errorf("UpgradeWeb after 100 h at a gate: worked %s, want 3m", got)
	}
	if got := worked(statetest.Upgrade(v1alpha1.PhaseReady)); got != 0 {
		t.Errorf("a resting phase worked %s", got)
	}
}
