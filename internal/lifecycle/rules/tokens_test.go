// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A token takes effect once, if it differs from the last handled one. It is recorded when it
// took effect or was refused. A removed token is forgotten.
func TestHandledTokens(t *testing.T) {
	type tokens = v1alpha1.LastHandled
	idle := func(o *state.Observation) { // b runs and is verified; a is the previous release
		o.Status.Release, o.Status.PreviousRelease, o.Status.Upgrade.RollbackRelease = "b", "a", ""
	}
	cases := map[string]struct {
		phase     v1alpha1.Phase
		now, last tokens
		edit      func(*state.Observation)
		move      lifecycle.Event
		want      tokens
		refused   bool
	}{
		"none":                      {v1alpha1.PhaseReady, tokens{}, tokens{}, idle, "", tokens{}, false},
		"rollback":                  {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{}, idle, lifecycle.RollBack, tokens{Rollback: "x"}, false},
		"rollback, handled":         {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{Rollback: "x"}, idle, "", tokens{Rollback: "x"}, false},
		"rollback, another":         {v1alpha1.PhaseReady, tokens{Rollback: "y"}, tokens{Rollback: "x"}, idle, lifecycle.RollBack, tokens{Rollback: "y"}, false},
		"rollback, removed":         {v1alpha1.PhaseReady, tokens{}, tokens{Rollback: "x"}, idle, "", tokens{}, false},
		"rollback, set again":       {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{}, idle, lifecycle.RollBack, tokens{Rollback: "x"}, false},
		"rollback to running":       {v1alpha1.PhaseReady, tokens{Rollback: "6.0.0"}, tokens{}, idle, "", tokens{Rollback: "6.0.0"}, true},
		"rollback to unknown":       {v1alpha1.PhaseReady, tokens{Rollback: "3.0.0"}, tokens{}, idle, "", tokens{Rollback: "3.0.0"}, true},
		"rollback without previous": {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { idle(o); o.Status.PreviousRelease = "" }, "", tokens{Rollback: "x"}, true},
		"rollback while paused":     {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { idle(o); o.Policy.Paused = true }, "", tokens{}, false},
		"rollback during a run":     {v1alpha1.PhaseUpgradeWorkers, tokens{Rollback: "x"}, tokens{}, nil, lifecycle.RollBack, tokens{Rollback: "x"}, false},
		"rollback of an install":    {v1alpha1.PhaseUpgradeWorkers, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { o.Status.Upgrade.FromRelease = "" }, "", tokens{}, false},
		"rollback while migrating":  {v1alpha1.PhaseDBMigrate, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { o.Migrating = true }, "", tokens{}, false},
		"rollback in a rollback":    {v1alpha1.PhaseRollback, tokens{Rollback: "x"}, tokens{}, nil, "", tokens{Rollback: "x"}, true},
		"rollback stops Validate":   {v1alpha1.PhaseValidate, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { o.Status.Upgrade.Touched = false }, lifecycle.Fail, tokens{Rollback: "x"}, true},
		"older token, new run":      {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{Rollback: "x"}, func(o *state.Observation) { idle(o); o.Desired = state.Release{Hash: "c", Version: "6.1.0"} }, lifecycle.Begin, tokens{Rollback: "x"}, false},
		"rollback before an edit":   {v1alpha1.PhaseReady, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { idle(o); o.Desired = state.Release{Hash: "c", Version: "6.1.0"} }, lifecycle.RollBack, tokens{Rollback: "x"}, false},
		"retry":                     {v1alpha1.PhaseFailed, tokens{Retry: "x"}, tokens{}, nil, lifecycle.Begin, tokens{Retry: "x"}, false},
		"retry, handled":            {v1alpha1.PhaseFailed, tokens{Retry: "x"}, tokens{Retry: "x"}, nil, "", tokens{Retry: "x"}, false},
		"retry, removed":            {v1alpha1.PhaseFailed, tokens{}, tokens{Retry: "x"}, nil, "", tokens{}, false},
		"retry after a rollback":    {v1alpha1.PhaseRolledBack, tokens{Retry: "x"}, tokens{}, func(o *state.Observation) { o.Status.Upgrade.HeldRelease = "b" }, lifecycle.Begin, tokens{Retry: "x"}, false},
		"retry, waiting for a slot": {v1alpha1.PhaseFailed, tokens{Retry: "x"}, tokens{}, func(o *state.Observation) {
			o.Status.Upgrade.Touched, o.Busy = false, map[v1alpha1.SlotKind]string{v1alpha1.SlotUpgrade: "1 of 1 are taken (n/web)"}
		}, "", tokens{}, false},
		"retry while paused":        {v1alpha1.PhaseFailed, tokens{Retry: "x"}, tokens{}, func(o *state.Observation) { o.Policy.Paused = true }, "", tokens{}, false},
		"retry with nothing to do":  {v1alpha1.PhaseReady, tokens{Retry: "x"}, tokens{}, idle, "", tokens{Retry: "x"}, false},
		"retry and an older token":  {v1alpha1.PhaseFailed, tokens{Rollback: "old", Retry: "x"}, tokens{Rollback: "old"}, nil, lifecycle.Begin, tokens{Rollback: "old", Retry: "x"}, false},
		"rollback before a retry":   {v1alpha1.PhaseFailed, tokens{Rollback: "x", Retry: "y"}, tokens{}, nil, lifecycle.RollBack, tokens{Rollback: "x", Retry: "y"}, false},
		"rollback, nothing touched": {v1alpha1.PhaseFailed, tokens{Rollback: "x"}, tokens{}, func(o *state.Observation) { o.Status.Upgrade.Touched = false }, "", tokens{Rollback: "x"}, true},
	}
	for name, c := range cases {
		o := statetest.Upgrade(c.phase)
		o.Tokens, o.Status.LastHandled = c.now, c.last
		if c.edit != nil {
			c.edit(o)
		}
		d := Decide(state.Of(o))
		if d.Move.Event != c.move || d.Tokens.Handled != c.want || (d.Tokens.Refused != "") != c.refused {
			t.Errorf("%s: event %q, handled %+v, refused %q; want %q, %+v, %v", name, d.Move.Event, d.Tokens.Handled, d.Tokens.Refused, c.move, c.want, c.refused)
		}
	}
}

// Every moving phase has a deadline. A phase that exceeds it fails; a migration Job that exists
// is only reported.
func TestDeadlines(t *testing.T) {
	short := &metav1.Duration{Duration: time.Minute}
	phases := map[v1alpha1.Phase]struct {
		standard time.Duration
		set      func(*v1alpha1.Deadlines)
		move     lifecycle.Event
	}{
		v1alpha1.PhaseValidate:         {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Validate = short }, lifecycle.RollBack}, // the replaced run had touched something
		v1alpha1.PhaseDBMigrate:        {time.Hour, func(d *v1alpha1.Deadlines) { d.Migrate = short }, lifecycle.RollBack},
		v1alpha1.PhaseUpgradeScheduler: {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Scheduler = short }, lifecycle.RollBack},
		v1alpha1.PhaseUpgradeWorkers:   {30 * time.Minute, func(d *v1alpha1.Deadlines) { d.Workers = short }, lifecycle.RollBack},
		v1alpha1.PhaseUpgradeWeb:       {30 * time.Minute, func(d *v1alpha1.Deadlines) { d.Web = short }, lifecycle.RollBack},
		v1alpha1.PhaseVerify:           {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Verify = short }, lifecycle.RollBack},
		v1alpha1.PhaseRollback:         {time.Hour, func(d *v1alpha1.Deadlines) { d.Rollback = short }, lifecycle.Fail},
	}
	for phase, c := range phases {
		for _, limit := range []time.Duration{c.standard, time.Minute} {
			o := statetest.Upgrade(phase)
			if limit != c.standard {
				c.set(&o.Policy.Deadlines)
			}
			start := o.Now
			o.Now = start.Add(limit - time.Second)
			if d := Decide(state.Of(o)); d.Move.Event != "" || d.Recheck != time.Second {
				t.Errorf("%s, a second before %s: event %q, recheck in %s", phase, limit, d.Move.Event, d.Recheck)
			}
			o.Now = start.Add(limit)
			d := Decide(state.Of(o))
			if d.Move.Event != c.move {
				t.Errorf("%s, after %s: %q, want %q", phase, limit, d.Move.Event, c.move)
			}
			if d.Reason != v1alpha1.ReasonDeadlineExceeded {
				t.Errorf("%s, after %s: %q", phase, limit, d.Reason)
			}
			o.Migrate, o.Migrating = migrations.Progress{Attempt: 1, Active: true}, true
			if d := Decide(state.Of(o)); phase == v1alpha1.PhaseDBMigrate && (d.Move.Event != "" || d.Reason != v1alpha1.ReasonOverdue || d.Recheck != 0) {
				t.Errorf("migrating, after %s: event %q, %q, recheck in %s; want it reported once", limit, d.Move.Event, d.Reason, d.Recheck)
			}
		}
	}
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed} {
		o := statetest.Upgrade(phase)
		o.Status.Release = "b"
		o.Now = o.Now.Add(1000 * time.Hour)
		if d := Decide(state.Of(o)); d.Move.Event == lifecycle.Fail || d.Recheck != 0 {
			t.Errorf("%s: event %q, recheck in %s", phase, d.Move.Event, d.Recheck)
		}
	}
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: 10 * time.Second, 2: 20 * time.Second, 3: 40 * time.Second, 6: 5 * time.Minute, 30: 5 * time.Minute} {
		if got := backoff(attempt); got != want {
			t.Errorf("after attempt %d: %s, want %s", attempt, got, want)
		}
	}
}

// Without transactional DDL an interrupted migration is not restarted: a rollback needs a backup.
func TestInterruptedMigration(t *testing.T) {
	for database, want := range map[string]lifecycle.Event{"mysql": lifecycle.Fail, "": lifecycle.Fail, "postgresql": "", "mysql, backed up": lifecycle.RollBack} {
		o := statetest.Upgrade(v1alpha1.PhaseDBMigrate)
		database, backedUp := strings.CutSuffix(database, ", backed up")
		if backedUp {
			o.Status.Upgrade.Strategy, o.Status.Upgrade.FromRevision = v1alpha1.StrategyDrain, "r"
			o.Backup = migrations.Progress{Attempt: 1, Done: true, FinishedAt: o.Now,
				Result: migrations.Result{Backup: &migrations.BackupResult{Name: rollback.BackupName(o.Status.UpgradeRevision), Revision: "r"}}}
		}
		for i := range o.Tiers {
			o.Tiers[i] = state.Tier{Exists: true, Release: "a", Fence: 5, Mode: v1alpha1.ModeHold, Current: true}
		}
		o.Status.Schema = &v1alpha1.SchemaStatus{Database: database}
		o.Migrate = migrations.Progress{Attempt: 1, FinishedAt: o.Now, Result: migrations.Result{Reason: migrations.ReasonJobCrashed, Message: "killed"}}
		d := Decide(state.Of(o))
		if d.Move.Event != want {
			t.Errorf("%q: %q, %s; want %q", database, d.Move.Event, d.Message, want)
		}
		if backedUp && d.Move.Rollback.How.Class != v1alpha1.RollbackRestore {
			t.Errorf("the rollback is %+v, want Restore", d.Move.Rollback.How)
		}
	}
}
