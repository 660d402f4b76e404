// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// tested is an upgrade in Verify with every tier at the target, whose Job has ended.
func tested(checks ...migrations.Check) *Observation {
	o := midway(verify)
	for i := range o.Tiers {
		o.Tiers[i].Release, o.Tiers[i].Fence, o.Tiers[i].Image = "b", 5, "sha256:0123456789abcdef"
	}
	o.Verify = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "verify", Checks: checks}}
	return o
}

// However many checks there are and however much they say, what stands of them in
// status has its bounds, and what failed loses its words last.
func TestChecksAreBounded(t *testing.T) {
	var many []migrations.Check
	for i := range 30 {
		many = append(many, migrations.Check{Name: fmt.Sprint("Check", i), OK: i != 20, Detail: strings.Repeat("ä", migrations.MaxCheckDetail)})
	}
	raw, err := json.Marshal(migrations.Result{Script: "verify", Checks: many})
	if err != nil {
		t.Fatal(err)
	}
	result, err := migrations.ParseResult(string(raw))
	if err != nil || len(result.Checks) != migrations.MaxChecks {
		t.Fatalf("%d checks parsed: %v", len(result.Checks), err)
	}
	o := tested(result.Checks...)
	next, err := Advance(o, &Decision{Move: Verified}, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := next.Upgrade.Checks
	if len(got) != migrations.MaxChecks+1 || sizeOf(got) > maxChecks || got[len(got)-1].Name != checkPods {
		t.Errorf("%d checks of %d bytes: %+v", len(got), sizeOf(got), got)
	}
	for _, c := range got {
		if c.Name == "Check20" && !c.OK && len([]rune(c.Detail)) == migrations.MaxCheckDetail {
			return
		}
	}
	t.Errorf("the check that failed is not there, or lost its words: %+v", got)
}

// Verify passes once every pod is known to be at its release under this fence, and
// fails at once when two images run under one name.
func TestPodsAreChecked(t *testing.T) {
	cases := map[string]struct {
		edit  func(*Observation)
		move  Event
		check string
	}{
		"as they should be":      {func(*Observation) {}, Verified, "scheduler 1, worker 1, web 1; release b, fence 5, image sha256:0123456789ab"},
		"two images in one tier": {func(o *Observation) { o.Tiers[Web].OtherImage = "registry.example.com/other" }, RollBack, "the web pods run two images under one name: sha256:0123456789ab and registry.example.com/other; pin image.digest"},
		"while the Job runs": {func(o *Observation) {
			o.Tiers[Worker].OtherImage, o.Verify = "sha256:fedcba", migrations.Progress{Attempt: 1, Active: true}
		}, RollBack, "the worker pods run two images under one name: sha256:0123456789ab and sha256:fedcba; pin image.digest"},
		"another release's pod": {func(o *Observation) { o.Tiers[Web].Stray = 1 }, "", ""},
		"an earlier fence":      {func(o *Observation) { o.Tiers[Worker].Fence = 4 }, "", ""},
		"an older status":       {func(o *Observation) { o.Tiers[Web].Current = false }, "", ""},
		"one of them is lost":   {func(o *Observation) { o.Tiers[Scheduler] = Tier{} }, "", ""},
	}
	for name, c := range cases {
		o := tested(migrations.Check{Name: "Revision", OK: true})
		c.edit(o)
		d := Decide(o)
		if d.Move != c.move {
			t.Errorf("%s: moves on %q: %s", name, d.Move, d.Message)
		}
		if d.Move == "" {
			continue
		}
		next, err := Advance(o, &d, 10)
		if err != nil {
			t.Fatal(err)
		}
		all := next.Upgrade.Checks
		if len(all) == 0 || all[len(all)-1] != (v1alpha1.CheckStatus{Name: checkPods, OK: c.move == Verified, Detail: c.check}) {
			t.Errorf("%s: %+v, want %q last", name, all, c.check)
		}
	}
}

// An edit that ends Verify before its Job has a result leaves no half of the checks.
func TestNoChecksWithoutAResult(t *testing.T) {
	o := tested()
	o.Verify = migrations.Progress{Attempt: 1, Active: true}
	o.Desired.Hash = "c"
	d := Decide(o)
	next, err := Advance(o, &d, 10)
	if err != nil || d.Move != Begin || len(next.Upgrade.Checks) > 0 {
		t.Errorf("%s: %v", d.Move, err)
	}
}

// Nobody logs in before a release was verified, nor on the way back: there may be
// nobody to log in as, and a way back must not depend on it.
func TestWhoIsAskedAsAUser(t *testing.T) {
	asks := func(o *Observation) (script migrations.Script, asUser, queries bool) {
		d := Decide(o)
		for _, a := range d.Work.Actions() {
			if a.Kind == RunJob {
				return a.Script, a.AsUser, a.Queries
			}
		}
		return "", false, false
	}
	for name, c := range map[string]struct {
		phase  v1alpha1.Phase
		edit   func(*Observation)
		script migrations.Script
		// as a user, and Prometheus: that needs no web to be asked for
		want, queries bool
	}{
		"preflight":                  {validate, func(*Observation) {}, migrations.Preflight, true, true},
		"preflight of an install":    {validate, func(o *Observation) { o.Status.Upgrade.FromRelease, o.Status.Release = "", "" }, migrations.Preflight, false, false},
		"preflight without web":      {validate, func(o *Observation) { o.Tiers[Web] = Tier{} }, migrations.Preflight, false, true},
		"preflight of a web at rest": {validate, func(o *Observation) { o.Tiers[Web].Mode = v1alpha1.ModeHold }, migrations.Preflight, false, true},
		"verify":                     {verify, func(*Observation) {}, migrations.Verify, true, true},
		"verify of an install":       {verify, func(o *Observation) { o.Status.Upgrade.FromRelease = "" }, migrations.Verify, false, false},
		"verify of a way back": {rollback, func(o *Observation) {
			for i := range o.Tiers {
				o.Tiers[i].Fence = 5
			}
		}, migrations.Verify, false, false},
	} {
		o := midway(c.phase)
		c.edit(o)
		if script, got, queries := asks(o); script != c.script || got != c.want || queries != c.queries {
			t.Errorf("%s: %q, as a user: %v, queries: %v", name, script, got, queries)
		}
	}
}

// What the charts gave before anything was touched is what they are compared with, also
// after an edit has replaced a run that had begun to touch things.
func TestChartsOutliveAnEdit(t *testing.T) {
	o := midway(validate)
	o.Status.Upgrade.Touched = false
	o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "inspect", Charts: "7:0123abcd:5"}}
	proven, err := Advance(o, &Decision{Move: Migrate, Plan: &v1alpha1.Plan{}}, 10)
	if err != nil || proven.Upgrade.Charts != "7:0123abcd:5" {
		t.Fatalf("%q, %v", proven.Upgrade.Charts, err)
	}
	for touched, want := range map[bool]string{true: "7:0123abcd:5", false: ""} {
		o := midway(validate)
		o.Status.Upgrade.Touched, o.Status.Upgrade.Charts, o.Desired.Hash = touched, "7:0123abcd:5", "c"
		next, err := Advance(o, &Decision{Move: Begin}, 10)
		if err != nil || next.Upgrade.Charts != want {
			t.Errorf("touched %v: %q, %v", touched, next.Upgrade.Charts, err)
		}
		o.Status = next
		o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "inspect", Charts: "7:89abcdef:0"}}
		proven, err := Advance(o, &Decision{Move: Migrate, Plan: &v1alpha1.Plan{}}, 10)
		if want = map[bool]string{true: want, false: "7:89abcdef:0"}[touched]; err != nil || proven.Upgrade.Charts != want {
			t.Errorf("touched %v: proven with %q, %v", touched, proven.Upgrade.Charts, err)
		}
	}
}

// After a soak every tier must be ready, also one that lost its readiness without a
// restart; and one that does not come back is a failure once the deadline is over.
func TestSoakEndsReady(t *testing.T) {
	o := tested(migrations.Check{Name: "Revision", OK: true})
	o.Policy.Soak = time.Hour
	if d := Decide(o); d.Move != Verified {
		t.Errorf("ready: moves on %q", d.Move)
	}
	o.Tiers[Web].Settled, o.Tiers[Web].Blocked = false, "container superset waits"
	if d := Decide(o); d.Move != "" || !d.Waiting || !strings.Contains(d.Message, "every web pod") || d.Recheck != time.Hour+15*time.Minute {
		t.Errorf("not ready: %q, %q, again after %s", d.Move, d.Message, d.Recheck)
	}
	o.Now = o.Now.Add(time.Hour + 15*time.Minute)
	if d := Decide(o); d.Move != RollBack || d.Reason != v1alpha1.ReasonDeadlineExceeded || !strings.Contains(d.Message, "container superset waits") {
		t.Errorf("never ready: %q, %s: %s", d.Move, d.Reason, d.Message)
	}
}
