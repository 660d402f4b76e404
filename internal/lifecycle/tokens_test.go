// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A token acts once, when it differs from the one that was handled last, and
// is recorded when it acted or was refused; one that is gone is forgotten.
func TestHandledTokens(t *testing.T) {
	type tokens = v1alpha1.LastHandled
	atRest := func(o *Observation) { // of the verified b; a is before it
		o.Status.Release, o.Status.PreviousRelease, o.Status.Upgrade.RollbackRelease = "b", "a", ""
	}
	cases := map[string]struct {
		phase     v1alpha1.Phase
		now, last tokens
		edit      func(*Observation)
		move      Event
		want      tokens
		refused   bool
	}{
		"none":                       {ready, tokens{}, tokens{}, atRest, "", tokens{}, false},
		"rollback":                   {ready, tokens{Rollback: "x"}, tokens{}, atRest, RollBack, tokens{Rollback: "x"}, false},
		"rollback, handled":          {ready, tokens{Rollback: "x"}, tokens{Rollback: "x"}, atRest, "", tokens{Rollback: "x"}, false},
		"rollback, another":          {ready, tokens{Rollback: "y"}, tokens{Rollback: "x"}, atRest, RollBack, tokens{Rollback: "y"}, false},
		"rollback, gone":             {ready, tokens{}, tokens{Rollback: "x"}, atRest, "", tokens{}, false},
		"rollback, back again":       {ready, tokens{Rollback: "x"}, tokens{}, atRest, RollBack, tokens{Rollback: "x"}, false},
		"rollback to what runs":      {ready, tokens{Rollback: "6.0.0"}, tokens{}, atRest, "", tokens{Rollback: "6.0.0"}, true},
		"rollback to what is not":    {ready, tokens{Rollback: "3.0.0"}, tokens{}, atRest, "", tokens{Rollback: "3.0.0"}, true},
		"rollback, nothing before":   {ready, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { atRest(o); o.Status.PreviousRelease = "" }, "", tokens{Rollback: "x"}, true},
		"rollback while paused":      {ready, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { atRest(o); o.Policy.Paused = true }, "", tokens{}, false},
		"rollback in mid-run":        {workers, tokens{Rollback: "x"}, tokens{}, nil, RollBack, tokens{Rollback: "x"}, false},
		"rollback of an install":     {workers, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { o.Status.Upgrade.FromRelease = "" }, "", tokens{}, false},
		"rollback while migrating":   {dbMigrate, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { o.Migrating = true }, "", tokens{}, false},
		"rollback in a rollback":     {rollback, tokens{Rollback: "x"}, tokens{}, nil, "", tokens{Rollback: "x"}, true},
		"rollback stops Validate":    {validate, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { o.Status.Upgrade.Touched = false }, Fail, tokens{Rollback: "x"}, true},
		"leftover as a run begins":   {ready, tokens{Rollback: "x"}, tokens{Rollback: "x"}, func(o *Observation) { atRest(o); o.Desired = Release{Hash: "c", Version: "6.1.0"} }, Begin, tokens{Rollback: "x"}, false},
		"rollback beats an edit":     {ready, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { atRest(o); o.Desired = Release{Hash: "c", Version: "6.1.0"} }, RollBack, tokens{Rollback: "x"}, false},
		"retry":                      {failed, tokens{Retry: "x"}, tokens{}, nil, Begin, tokens{Retry: "x"}, false},
		"retry, handled":             {failed, tokens{Retry: "x"}, tokens{Retry: "x"}, nil, "", tokens{Retry: "x"}, false},
		"retry, gone":                {failed, tokens{}, tokens{Retry: "x"}, nil, "", tokens{}, false},
		"retry after a rollback":     {back, tokens{Retry: "x"}, tokens{}, func(o *Observation) { o.Status.Upgrade.HeldRelease = "b" }, Begin, tokens{Retry: "x"}, false},
		"retry while paused":         {failed, tokens{Retry: "x"}, tokens{}, func(o *Observation) { o.Policy.Paused = true }, "", tokens{}, false},
		"retry with nothing to do":   {ready, tokens{Retry: "x"}, tokens{}, atRest, "", tokens{Retry: "x"}, false},
		"retry beside a leftover":    {failed, tokens{Rollback: "old", Retry: "x"}, tokens{Rollback: "old"}, nil, Begin, tokens{Rollback: "old", Retry: "x"}, false},
		"both: a rollback is safer":  {failed, tokens{Rollback: "x", Retry: "y"}, tokens{}, nil, RollBack, tokens{Rollback: "x", Retry: "y"}, false},
		"rollback of what is intact": {failed, tokens{Rollback: "x"}, tokens{}, func(o *Observation) { o.Status.Upgrade.Touched = false }, "", tokens{Rollback: "x"}, true},
	}
	for name, c := range cases {
		o := midway(c.phase)
		o.Tokens, o.Status.LastHandled = c.now, c.last
		if c.edit != nil {
			c.edit(o)
		}
		d := Decide(o)
		if d.Move != c.move || d.Handled != c.want || (d.Refused != "") != c.refused {
			t.Errorf("%s: moves %q, handled %+v, refused %q; want %q, %+v, %v", name, d.Move, d.Handled, d.Refused, c.move, c.want, c.refused)
		}
	}
}

func TestAskedTarget(t *testing.T) {
	cases := map[string]struct {
		token, want string
	}{
		"revision":           {"4", "a"},
		"version":            {"5.0.0", "a"},
		"revision that runs": {"5", ""},
		"unknown revision":   {"17", "a"}, // a number like any other token
		"time":               {"1700000000", "a"},
		"word":               {"now", "a"},
		"unknown version":    {"4.1.0", ""},
		"short version":      {"5.0", "a"},
	}
	for name, c := range cases {
		o := midway(ready)
		o.Status.Release, o.Status.PreviousRelease, o.Tokens.Rollback = "b", "a", c.token
		got, why := askedTarget(o)
		if got.Hash != c.want || (why == "") != (c.want != "") {
			t.Errorf("%s: %q, %q; want %q", name, got.Hash, why, c.want)
		}
	}
}

// Each phase has its deadline; past it a phase fails, but for the migration.
func TestDeadlines(t *testing.T) {
	short := &metav1.Duration{Duration: time.Minute}
	phases := map[v1alpha1.Phase]struct {
		usual time.Duration
		set   func(*v1alpha1.Deadlines)
		move  Event
	}{
		validate:  {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Validate = short }, RollBack}, // the run it replaced had touched
		dbMigrate: {time.Hour, func(d *v1alpha1.Deadlines) { d.Migrate = short }, ""},
		scheduler: {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Scheduler = short }, RollBack},
		workers:   {30 * time.Minute, func(d *v1alpha1.Deadlines) { d.Workers = short }, RollBack},
		web:       {30 * time.Minute, func(d *v1alpha1.Deadlines) { d.Web = short }, RollBack},
		verify:    {15 * time.Minute, func(d *v1alpha1.Deadlines) { d.Verify = short }, RollBack},
		rollback:  {time.Hour, func(d *v1alpha1.Deadlines) { d.Rollback = short }, Fail},
	}
	for phase, c := range phases {
		for _, limit := range []time.Duration{c.usual, time.Minute} {
			o := midway(phase)
			if limit != c.usual {
				c.set(&o.Policy.Deadlines)
			}
			start := o.Now
			o.Now = start.Add(limit - time.Second)
			if d := Decide(o); d.Move != "" || d.Recheck != time.Second {
				t.Errorf("%s, a second before %s: moves %q, looks again in %s", phase, limit, d.Move, d.Recheck)
			}
			o.Now = start.Add(limit)
			d := Decide(o)
			if d.Move != c.move {
				t.Errorf("%s, after %s: %q, want %q", phase, limit, d.Move, c.move)
			}
			if phase == dbMigrate && (d.Reason != v1alpha1.ReasonOverdue || d.Recheck != 0) {
				t.Errorf("%s, after %s: %q, looks again in %s; want to be told once", phase, limit, d.Reason, d.Recheck)
			}
			if phase != dbMigrate && d.Reason != v1alpha1.ReasonDeadlineExceeded {
				t.Errorf("%s, after %s: %q", phase, limit, d.Reason)
			}
		}
	}
	for _, phase := range []v1alpha1.Phase{ready, back, failed} {
		o := midway(phase)
		o.Status.Release = "b"
		o.Now = o.Now.Add(1000 * time.Hour)
		if d := Decide(o); d.Move == Fail || d.Recheck != 0 {
			t.Errorf("%s: moves %q, looks again in %s", phase, d.Move, d.Recheck)
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

// On a database that keeps half of a migration, one that was cut off is not
// started again: only a backup leads back.
func TestInterruptedMigration(t *testing.T) {
	for database, want := range map[string]Event{"mysql": Fail, "": Fail, "postgresql": "", "mysql, backed up": RollBack} {
		o := midway(dbMigrate)
		database, backedUp := strings.CutSuffix(database, ", backed up")
		if backedUp {
			o.Status.Upgrade.Strategy, o.Status.Upgrade.FromRevision = v1alpha1.StrategyDrain, "r"
			o.Backup = migrations.Progress{Attempt: 1, Done: true, FinishedAt: o.Now,
				Result: migrations.Result{Backup: &migrations.BackupResult{Name: backupName(o.Status.UpgradeRevision), Revision: "r"}}}
		}
		for i := range o.Tiers {
			o.Tiers[i] = Tier{Exists: true, Release: "a", Fence: 5, Mode: v1alpha1.ModeHold, Current: true}
		}
		o.Status.Schema = &v1alpha1.SchemaStatus{Database: database}
		o.Migrate = migrations.Progress{Attempt: 1, FinishedAt: o.Now, Result: migrations.Result{Reason: migrations.ReasonJobCrashed, Message: "killed"}}
		d := Decide(o)
		if d.Move != want {
			t.Errorf("%q: %q, %s; want %q", database, d.Move, d.Message, want)
		}
		if backedUp && d.Way.Class != v1alpha1.RollbackRestore {
			t.Errorf("the way back is %+v, want the backup", d.Way)
		}
	}
}
