// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// unreached is an ended Job that got no answer of web.
func unreached(reason migrations.Reason) migrations.Progress {
	r := migrations.Result{Reason: reason, Message: "AnonymousAPI: timed out", Facts: migrations.Facts{Web: v1alpha1.WebUnreachable, WebWhy: "timed out"}}
	return migrations.Progress{Attempt: 1, Done: reason == "", Result: r}
}

// What a Job finds out about the way to web counts where only the way can be the cause.
func TestWebAccess(t *testing.T) {
	preflight := func(o *state.Observation) { o.Preflight = unreached("") }
	verify := func(o *state.Observation) { o.Verify = unreached(migrations.ReasonCheckUnanswered) }
	for name, c := range map[string]struct {
		phase v1alpha1.Phase
		known v1alpha1.WebAccess
		edit  func(*state.Observation)
		want  v1alpha1.WebAccess
	}{
		"preflight":                  {v1alpha1.PhaseValidate, v1alpha1.WebReachable, preflight, v1alpha1.WebUnreachable},
		"preflight, no pod is ready": {v1alpha1.PhaseValidate, "", func(o *state.Observation) { preflight(o); o.Tiers[state.Web].Ready = 0 }, ""},
		"preflight reaches it again": {v1alpha1.PhaseValidate, v1alpha1.WebUnreachable, func(o *state.Observation) { o.Preflight.Result.Web = v1alpha1.WebReachable }, v1alpha1.WebReachable},
		"preflight has not asked":    {v1alpha1.PhaseValidate, v1alpha1.WebUnreachable, func(*state.Observation) {}, v1alpha1.WebUnreachable},
		"the new release is silent":  {v1alpha1.PhaseVerify, v1alpha1.WebReachable, verify, v1alpha1.WebReachable},
		"nothing served before":      {v1alpha1.PhaseVerify, "", verify, v1alpha1.WebUnreachable},
		"nothing is ready":           {v1alpha1.PhaseVerify, "", func(o *state.Observation) { verify(o); o.Tiers[state.Web].Ready = 0 }, ""},
		"the previous release, too":  {v1alpha1.PhaseRollback, v1alpha1.WebReachable, verify, v1alpha1.WebUnreachable},
		"verify reaches it":          {v1alpha1.PhaseVerify, v1alpha1.WebUnreachable, func(o *state.Observation) { o.Verify.Result.Web = v1alpha1.WebReachable }, v1alpha1.WebReachable},
		"the previous attempt": {v1alpha1.PhaseVerify, "", func(o *state.Observation) {
			verify(o)
			o.Verify.Before, o.Verify.Result = o.Verify.Result, migrations.Result{}
		}, v1alpha1.WebUnreachable},
		"preflight, in a later phase":   {v1alpha1.PhaseVerify, v1alpha1.WebReachable, preflight, v1alpha1.WebReachable},
		"a Job of a phase without Jobs": {v1alpha1.PhaseReady, "", verify, ""},
	} {
		o := statetest.Upgrade(c.phase)
		o.Status.Upgrade.WebAccess = c.known
		c.edit(o)
		if got := state.Of(o).WebAccess; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Preflight asks web only while a pod of it is ready: otherwise no answer proves nothing.
func TestPreflightAsksWeb(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*state.Observation)
		want bool
	}{
		"serves":    {func(*state.Observation) {}, true},
		"not ready": {func(o *state.Observation) { o.Tiers[state.Web].Ready = 0 }, false},
		"held":      {func(o *state.Observation) { o.Tiers[state.Web].Mode = v1alpha1.ModeHold }, false},
		"the page":  {func(o *state.Observation) { o.Page.HasTraffic = true }, false},
		"none":      {func(o *state.Observation) { o.Tiers[state.Web] = state.Tier{} }, false},
	} {
		o := statetest.Upgrade(v1alpha1.PhaseValidate)
		c.edit(o)
		if job := Decide(state.Of(o)).Work.Job; job.Script != migrations.Preflight || job.WebReady != c.want {
			t.Errorf("%s: %+v", name, job)
		}
	}
}

// A first install that no Job can ask is verified by its other checks. An upgrade whose web was
// reached before is not, and one whose web was not is.
func TestVerifyWithoutWeb(t *testing.T) {
	for name, c := range map[string]struct {
		known v1alpha1.WebAccess
		last  migrations.Progress
		want  bool
	}{
		"install, first attempt":  {"", migrations.Progress{}, false},
		"install, second attempt": {"", unreached(migrations.ReasonCheckUnanswered), true},
		"reached before":          {v1alpha1.WebReachable, unreached(migrations.ReasonCheckUnanswered), false},
		"not reached before":      {v1alpha1.WebUnreachable, migrations.Progress{}, true},
	} {
		o := statetest.Upgrade(v1alpha1.PhaseVerify)
		statetest.AtTarget(o)
		o.Status.Upgrade.WebAccess, o.Verify = c.known, c.last
		if c.last.Attempt > 0 {
			p := o.Verify
			o.Status.Upgrade.Jobs = []v1alpha1.JobRecord{p.Record(migrations.Verify)}
		}
		if job := Decide(state.Of(o)).Work.Job; job.Script != migrations.Verify || job.WebUnreachable != c.want {
			t.Errorf("%s: %+v", name, job)
		}
	}
}
