// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Verify passes when every pod runs the target release under the fence of this run. It fails
// immediately when pods of one tier run two images with the same name.
func TestPodsAreChecked(t *testing.T) {
	cases := map[string]struct {
		edit  func(*state.Observation)
		move  lifecycle.Event
		check string
	}{
		"all up to date":         {func(*state.Observation) {}, lifecycle.Verified, "scheduler 1, worker 1, web 1; release b, fence 5, image sha256:0123456789ab"},
		"two images in one tier": {func(o *state.Observation) { o.Tiers[state.Web].OtherImage = "registry.example.com/other" }, lifecycle.RollBack, "the web pods run two images under one name: sha256:0123456789ab and registry.example.com/other; pin image.digest"},
		"while the Job runs": {func(o *state.Observation) {
			o.Tiers[state.Worker].OtherImage, o.Verify = "sha256:fedcba", migrations.Progress{Attempt: 1, Active: true}
		}, lifecycle.RollBack, "the worker pods run two images under one name: sha256:0123456789ab and sha256:fedcba; pin image.digest"},
		"stray pod":    {func(o *state.Observation) { o.Tiers[state.Web].Stray = 1 }, "", ""},
		"older fence":  {func(o *state.Observation) { o.Tiers[state.Worker].Fence = 4 }, "", ""},
		"stale status": {func(o *state.Observation) { o.Tiers[state.Web].Current = false }, "", ""},
		"deleted tier": {func(o *state.Observation) { o.Tiers[state.Scheduler] = state.Tier{} }, "", ""},
	}
	for name, c := range cases {
		o := statetest.Verified(migrations.Check{Name: "Revision", OK: true})
		c.edit(o)
		d := Decide(state.Of(o))
		if d.Move.Event != c.move {
			t.Errorf("%s: event %q: %s", name, d.Move.Event, d.Message)
		}
		if d.Move.Event == "" {
			continue
		}
		next, err := lifecycle.Advance(state.Of(o), &d, 10)
		if err != nil {
			t.Fatal(err)
		}
		all := next.Upgrade.Checks
		if len(all) == 0 || all[len(all)-1] != (v1alpha1.CheckStatus{Name: "Pods", OK: c.move == lifecycle.Verified, Detail: c.check}) {
			t.Errorf("%s: %+v, want %q last", name, all, c.check)
		}
	}
}

// Verify runs its Job again as long as its checks get no answer, however often, and only while
// there is a pod to ask in each tier.
func TestVerifyAsksAgain(t *testing.T) {
	const message = "Workers (1 of 5 checks failed): 1 of 2 workers did not answer a ping: bi-worker-1"
	result := migrations.Result{Script: "verify", Reason: migrations.ReasonCheckUnanswered, Message: message}
	for name, c := range map[string]struct {
		edit    func(*state.Observation)
		attempt int
		event   lifecycle.Event
		says    string
	}{
		"again":            {func(*state.Observation) {}, 9, "", "attempt 9"},
		"too early":        {func(o *state.Observation) { o.Verify.FinishedAt = o.Now }, 0, "", message},
		"no ready worker":  {func(o *state.Observation) { o.Tiers[state.Worker].Ready = 0 }, 0, "", "waiting until every worker pod runs"},
		"scaled to zero":   {func(o *state.Observation) { o.Tiers[state.Worker].Ready, o.Tiers[state.Worker].Pods = 0, 0 }, 9, "", "attempt 9"},
		"at the deadline":  {func(o *state.Observation) { o.Status.Upgrade.Worked = &metav1.Duration{Duration: time.Hour} }, 0, lifecycle.RollBack, message},
		"while it runs":    {func(o *state.Observation) { o.Verify = migrations.Progress{Attempt: 9, Active: true, Before: result} }, 0, "", "running the verify Job"},
		"a failed release": {func(o *state.Observation) { o.Verify.Result.Reason = migrations.ReasonCheckFailed }, 0, lifecycle.RollBack, message},
	} {
		o := statetest.Verified()
		o.Verify = migrations.Progress{Attempt: 8, Uncounted: 7, FinishedAt: o.Now.Add(-time.Hour), Result: result}
		o.Status.Upgrade.Jobs = []v1alpha1.JobRecord{o.Verify.Record(migrations.Verify)}
		c.edit(o)
		d := Decide(state.Of(o))
		if d.Work.Job.Attempt != c.attempt || d.Move.Event != c.event || !strings.Contains(d.Message, c.says) {
			t.Errorf("%s: attempt %d, event %q, %q", name, d.Work.Job.Attempt, d.Move.Event, d.Message)
		}
	}
}

// An edit that ends Verify before its Job has a result records no partial list of checks.
func TestNoChecksWithoutAResult(t *testing.T) {
	o := statetest.Verified()
	o.Verify = migrations.Progress{Attempt: 1, Active: true}
	o.Desired.Hash = "c"
	d := Decide(state.Of(o))
	next, err := lifecycle.Advance(state.Of(o), &d, 10)
	if err != nil || d.Move.Event != lifecycle.Begin || len(next.Upgrade.Checks) > 0 {
		t.Errorf("%s: %v", d.Move.Event, err)
	}
}

// The Jobs log in as a user only when a verified release exists, and never in a rollback: the
// user may not exist, and a rollback must not depend on it.
func TestJobsThatLogIn(t *testing.T) {
	jobOf := func(o *state.Observation) (script migrations.Script, asUser, queries bool) {
		d := Decide(state.Of(o))
		return d.Work.Job.Script, d.Work.Job.AsUser, d.Work.Job.Queries
	}
	for name, c := range map[string]struct {
		phase  v1alpha1.Phase
		edit   func(*state.Observation)
		script migrations.Script
		// want: the Job logs in as a user. queries: it queries Prometheus, which needs no web.
		want, queries bool
	}{
		"preflight":                  {v1alpha1.PhaseValidate, func(*state.Observation) {}, migrations.Preflight, true, true},
		"preflight of an install":    {v1alpha1.PhaseValidate, func(o *state.Observation) { o.Status.Upgrade.FromRelease, o.Status.Release = "", "" }, migrations.Preflight, false, false},
		"preflight without web":      {v1alpha1.PhaseValidate, func(o *state.Observation) { o.Tiers[state.Web] = state.Tier{} }, migrations.Preflight, false, true},
		"preflight with web on hold": {v1alpha1.PhaseValidate, func(o *state.Observation) { o.Tiers[state.Web].Mode = v1alpha1.ModeHold }, migrations.Preflight, false, true},
		"verify":                     {v1alpha1.PhaseVerify, statetest.AtTarget, migrations.Verify, true, true},
		"verify of an install":       {v1alpha1.PhaseVerify, func(o *state.Observation) { statetest.AtTarget(o); o.Status.Upgrade.FromRelease = "" }, migrations.Verify, false, false},
		"verify of a rollback": {v1alpha1.PhaseRollback, func(o *state.Observation) {
			for i := range o.Tiers {
				o.Tiers[i].Fence = 5
			}
		}, migrations.Verify, false, false},
	} {
		o := statetest.Upgrade(c.phase)
		c.edit(o)
		if script, got, queries := jobOf(o); script != c.script || got != c.want || queries != c.queries {
			t.Errorf("%s: %q, as a user: %v, queries: %v", name, script, got, queries)
		}
	}
}

// After a soak every tier must be ready, also one that became unready without a restart. A
// tier that does not become ready again fails the run when the deadline has passed.
func TestTiersAreReadyAfterSoak(t *testing.T) {
	o := statetest.Verified(migrations.Check{Name: "Revision", OK: true})
	o.Policy.Soak = time.Hour
	if d := Decide(state.Of(o)); d.Move.Event != lifecycle.Verified {
		t.Errorf("ready: event %q", d.Move.Event)
	}
	o.Tiers[state.Web].Settled, o.Tiers[state.Web].Blocked = false, "container superset waits"
	if d := Decide(state.Of(o)); d.Move.Event != "" || d.Kind != lifecycle.KindWait || !strings.Contains(d.Message, "every web pod") || d.Recheck != (time.Hour+15*time.Minute)/folds {
		t.Errorf("not ready: %q, %q, recheck in %s", d.Move.Event, d.Message, d.Recheck)
	}
	o.Now = o.Now.Add(time.Hour + 15*time.Minute)
	if d := Decide(state.Of(o)); d.Move.Event != lifecycle.RollBack || d.Reason != v1alpha1.ReasonDeadlineExceeded || !strings.Contains(d.Message, "container superset waits") {
		t.Errorf("never ready: %q, %s: %s", d.Move.Event, d.Reason, d.Message)
	}
}

// The smoke tests begin once every pod is of the target and one of each tier is ready. A
// replica that is missing later is a note, not a reason to wait: the tier was complete once.
func TestVerifyWaitsForThePodsOfTheTarget(t *testing.T) {
	worker := func(edit func(*state.Tier)) func(*state.Observation) {
		return func(o *state.Observation) { edit(&o.Tiers[state.Worker]) }
	}
	cases := map[string]struct {
		edit   func(*state.Observation)
		begins bool
		note   string
	}{
		"complete":        {func(*state.Observation) {}, true, "worker 1,"},
		"scaled up":       {worker(func(t *state.Tier) { t.Current, t.Settled, t.Scaling, t.Pods, t.Ready = false, false, true, 5, 2 }), true, "worker 5 (2 ready)"},
		"scaled to zero":  {worker(func(t *state.Tier) { t.Pods, t.Ready = 0, 0 }), true, "worker 0"},
		"pod evicted":     {worker(func(t *state.Tier) { t.Settled, t.Pods, t.Ready = false, 2, 1 }), true, "worker 2 (1 ready)"},
		"none ready":      {worker(func(t *state.Tier) { t.Settled, t.Ready = false, 0 }), false, ""},
		"older pod":       {worker(func(t *state.Tier) { t.Stray = 1 }), false, ""},
		"another release": {worker(func(t *state.Tier) { t.Release, t.Scaling = "a", true }), false, ""},
		"another fence":   {worker(func(t *state.Tier) { t.Fence, t.Scaling = 4, true }), false, ""},
		"held":            {worker(func(t *state.Tier) { t.Mode, t.Scaling = v1alpha1.ModeHold, true }), false, ""},
		"not answered":    {worker(func(t *state.Tier) { t.Current, t.Settled = false, false }), false, ""},
	}
	for name, c := range cases {
		o := statetest.Upgrade(v1alpha1.PhaseVerify)
		statetest.AtTarget(o)
		c.edit(o)
		if d := Decide(state.Of(o)); (d.Work.Job.Script == migrations.Verify) != c.begins {
			t.Errorf("%s: the Job %q, message %q", name, d.Work.Job.Script, d.Message)
		}
		o.Verify = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Checks: []migrations.Check{{Name: "Revision", OK: true}}}}
		d := Decide(state.Of(o))
		if !c.begins {
			continue
		}
		if !d.Moves(lifecycle.Verified) {
			t.Errorf("%s: after the Job %+v", name, d)
			continue
		}
		next, err := lifecycle.Advance(state.Of(o), &d, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := next.Upgrade.Checks[1]; got.Name != "Pods" || !got.OK || !strings.Contains(got.Detail+";", c.note) {
			t.Errorf("%s: %+v, want %q", name, got, c.note)
		}
	}
}
