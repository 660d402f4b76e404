// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// fold decides and writes the working time, as the controller does.
func fold(o *state.Observation) lifecycle.Decision {
	s := state.Of(o)
	d := Decide(s)
	if FoldDue(s, &d) {
		status := o.Status.DeepCopy()
		lifecycle.Fold(status, s, &d)
		o.Status = status
	}
	return d
}

// validating is in Validate with a preflight that runs, under a deadline of 15 minutes.
func validating() *state.Observation {
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	o.Status.Upgrade.Touched = false
	o.Preflight = migrations.Progress{Attempt: 1, Active: true}
	return o
}

// A pause does not count, however long it lasts.
func TestPauseDoesNotCount(t *testing.T) {
	o := validating()
	o.Now = o.Now.Add(10 * time.Minute)
	o.Policy.Paused = true
	if fold(o); o.Status.Upgrade.WorkingSince != nil || o.Status.Upgrade.Worked.Duration != 10*time.Minute {
		t.Fatalf("paused: worked %v, since %v", o.Status.Upgrade.Worked, o.Status.Upgrade.WorkingSince)
	}
	o.Now = o.Now.Add(100 * time.Hour)
	if d := fold(o); d.Kind != lifecycle.KindWait {
		t.Fatalf("paused: %+v", d)
	}
	o.Policy.Paused = false
	if d := fold(o); d.Kind == lifecycle.KindMove {
		t.Fatalf("resumed after a pause: %s, %s", d.Move.Event, d.Message)
	}
	o.Now = o.Now.Add(5*time.Minute - time.Second)
	if d := fold(o); d.Kind == lifecycle.KindMove {
		t.Errorf("14m59s worked: %s", d.Move.Event)
	}
	o.Now = o.Now.Add(time.Second)
	if d := fold(o); d.Move.Event != lifecycle.Fail || d.Reason != v1alpha1.ReasonDeadlineExceeded {
		t.Errorf("15m worked: %+v", d)
	}
}

// The time in which no operator runs does not count. One that restarts often reaches the
// deadline all the same, because a tenth of it is lost at most each time.
func TestOutageDoesNotCount(t *testing.T) {
	o := validating()
	o.Now = o.Now.Add(time.Minute)
	fold(o)
	o.Now = o.Now.Add(100 * time.Hour)
	o.Since = o.Now
	if d := fold(o); d.Kind == lifecycle.KindMove || state.Of(o).Elapsed != 0 {
		t.Errorf("after an outage: event %q, %s elapsed", d.Move.Event, state.Of(o).Elapsed)
	}
	restarts := 0
	for ; restarts < 100; restarts++ {
		for range 4 {
			if d := fold(o); d.Move.Event == lifecycle.Fail {
				return
			}
			o.Now = o.Now.Add(30 * time.Second)
		}
		o.Since = o.Now
	}
	t.Errorf("not overdue after %d restarts", restarts)
}

// A rollout is judged by its progress, not by its time.
func TestRolloutsAreJudgedByProgress(t *testing.T) {
	long := 100 * time.Hour
	for name, c := range map[string]struct {
		phase   v1alpha1.Phase
		edit    func(*state.Observation)
		move    lifecycle.Event
		message string
	}{
		"progress":          {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) { o.ProgressAt = o.Now.Add(-29 * time.Minute) }, "", ""},
		"progress, a crash": {v1alpha1.PhaseUpgradeWeb, func(o *state.Observation) { o.ProgressAt = o.Now; o.Tiers[state.Web].Blocked = "crashes" }, "", "crashes"},
		"in a rollback":     {v1alpha1.PhaseRollback, func(o *state.Observation) { o.ProgressAt = o.Now }, "", ""},
		"no progress":       {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) { o.ProgressAt = o.Now.Add(-30 * time.Minute) }, lifecycle.RollBack, "UpgradeWorkers made no progress for 30m0s"},
		"an outage":         {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) { o.Since = o.Now.Add(-29 * time.Minute) }, "", ""},
		"no rollout at all": {v1alpha1.PhaseUpgradeWorkers, func(*state.Observation) {}, lifecycle.RollBack, "UpgradeWorkers made no progress for 30m0s"},
		"stalled": {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) {
			o.Tiers[state.Worker].Stalled, o.Tiers[state.Worker].Blocked = true, "crashes"
		}, lifecycle.RollBack, "UpgradeWorkers made no progress for 30m0s"},
		"stalled at once":    {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) { o.Tiers[state.Worker].Stalled, o.ProgressAt = true, o.Now }, lifecycle.RollBack, "no progress"},
		"stalled by another": {v1alpha1.PhaseUpgradeScheduler, func(o *state.Observation) { o.Tiers[state.Web].Stalled, o.ProgressAt = true, o.Now }, "", ""},
		"just looked":        {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) { o.Tiers[state.Worker].Stalled = true; o.Since = o.Now.Add(-time.Minute) }, "", ""},
		"looked long enough": {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) {
			o.Tiers[state.Worker].Stalled = true
			o.Since = o.Now.Add(-2 * time.Minute)
		}, lifecycle.RollBack, "no progress"},
		"in Verify, by time": {v1alpha1.PhaseVerify, func(o *state.Observation) { o.ProgressAt = o.Now }, lifecycle.RollBack, "Verify took longer"},
		"waiting at its gate": {v1alpha1.PhaseUpgradeWorkers, func(o *state.Observation) {
			o.Status.Upgrade.Phases = []v1alpha1.PhaseRecord{{Phase: v1alpha1.PhaseUpgradeWorkers, Seconds: new(int64)}}
		}, "", ""},
	} {
		o := statetest.Upgrade(c.phase)
		o.Now = o.Now.Add(long)
		o.Tiers[state.Worker].Release, o.Tiers[state.Worker].Fence = "b", 5
		c.edit(o)
		d := Decide(state.Of(o))
		if d.Move.Event != c.move || !strings.Contains(d.Message, c.message) {
			t.Errorf("%s: event %q, %s; want %q, %q", name, d.Move.Event, d.Message, c.move, c.message)
		}
		if name == "just looked" && (d.Recheck <= 0 || d.Recheck > time.Minute) {
			t.Errorf("%s: recheck in %s", name, d.Recheck)
		}
	}
}
