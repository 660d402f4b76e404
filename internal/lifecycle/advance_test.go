// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// moveOn is a decision to move on an event.
func moveOn(e Event, p plan.Planned) *Decision {
	return &Decision{Kind: KindMove, Move: Move{Event: e}, Planned: p}
}

// advanced is the status after a move.
func advanced(t *testing.T, s *state.Snapshot, e Event) *v1alpha1.SupersetStatus {
	t.Helper()
	next, err := Advance(s, moveOn(e, plan.Planned{Plan: &v1alpha1.Plan{}}), 10)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// The checks in status are bounded in number and size. The details of a failed check are
// dropped last.
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
	o := statetest.Verified(result.Checks...)
	next, err := Advance(state.Of(o), moveOn(Verified, plan.Planned{}), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := next.Upgrade.Checks
	if len(got) != migrations.MaxChecks+1 || jsonSize(got) > maxChecks || got[len(got)-1].Name != checkPods {
		t.Errorf("%d checks of %d bytes: %+v", len(got), jsonSize(got), got)
	}
	for _, c := range got {
		if c.Name == "Check20" && !c.OK && len([]rune(c.Detail)) == migrations.MaxCheckDetail {
			return
		}
	}
	t.Errorf("the failed check is missing or lost its detail: %+v", got)
}

// Verify compares the charts with their state before the first change, also when an edit has
// replaced a run that had already changed something.
func TestChartsSurviveAnEdit(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	o.Status.Upgrade.Touched = false
	o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "inspect", Charts: "7:0123abcd:5"}}
	validated, err := Advance(state.Of(o), moveOn(Migrate, plan.Planned{Plan: &v1alpha1.Plan{}}), 10)
	if err != nil || validated.Upgrade.Charts != "7:0123abcd:5" {
		t.Fatalf("%q, %v", validated.Upgrade.Charts, err)
	}
	for touched, want := range map[bool]string{true: "7:0123abcd:5", false: ""} {
		o := statetest.Upgrade(v1alpha1.PhaseValidate)
		o.Status.Upgrade.Touched, o.Status.Upgrade.Charts, o.Desired.Hash = touched, "7:0123abcd:5", "c"
		next, err := Advance(state.Of(o), moveOn(Begin, plan.Planned{}), 10)
		if err != nil || next.Upgrade.Charts != want {
			t.Errorf("touched %v: %q, %v", touched, next.Upgrade.Charts, err)
		}
		o.Status = next
		o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Script: "inspect", Charts: "7:89abcdef:0"}}
		validated, err := Advance(state.Of(o), moveOn(Migrate, plan.Planned{Plan: &v1alpha1.Plan{}}), 10)
		if want = map[bool]string{true: want, false: "7:89abcdef:0"}[touched]; err != nil || validated.Upgrade.Charts != want {
			t.Errorf("touched %v: validated with %q, %v", touched, validated.Upgrade.Charts, err)
		}
	}
}

// What is known of the way to web is recorded with the plan, and with the end of Verify. It goes
// on in the next run.
func TestWebAccessIsRecorded(t *testing.T) {
	unreached := migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{
		Message: "AnonymousAPI: timed out", Facts: migrations.Facts{Web: v1alpha1.WebUnreachable, WebWhy: "timed out"}}}
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	o.Preflight = unreached
	s := state.Of(o)
	notes := plan.Make(s).Notes
	if len(notes) == 0 || !strings.Contains(notes[0], "Jobs do not reach web (timed out): Verify skips its checks of web") {
		t.Errorf("notes %q", notes)
	}
	next := advanced(t, s, Migrate)
	if next.Upgrade.WebAccess != v1alpha1.WebUnreachable {
		t.Errorf("after Validate: %q", next.Upgrade.WebAccess)
	}
	for _, event := range []Event{Verified, Begin} {
		o = statetest.Upgrade(v1alpha1.PhaseVerify)
		statetest.AtTarget(o)
		o.Verify = unreached
		if next := advanced(t, state.Of(o), event); next.Upgrade.WebAccess != v1alpha1.WebUnreachable {
			t.Errorf("after %s: %q", event, next.Upgrade.WebAccess)
		}
	}
}

// A wait for a person does not count either. A phase of Jobs begins to count when it
// begins.
func TestClockStartsWithThePhase(t *testing.T) {
	o := statetest.Upgrade(v1alpha1.PhaseVerify)
	s := state.Of(o)
	d := Decision{Kind: KindWait, Wait: Wait{DataLoss: "sha256-1"}}
	status := o.Status.DeepCopy()
	if Fold(status, s, &d); status.Upgrade.WorkingSince != nil {
		t.Error("the wait for the acceptance of a data loss counts")
	}
	for event, counts := range map[Event]bool{WebUpgraded: true, WorkersUpgraded: false, Fail: false} {
		o.Status.Phase = map[bool]v1alpha1.Phase{true: v1alpha1.PhaseUpgradeWeb, false: v1alpha1.PhaseUpgradeWorkers}[counts]
		o.Status.Upgrade.Worked = &metav1.Duration{Duration: time.Minute}
		next, err := Advance(state.Of(o), &Decision{Kind: KindMove, Move: Move{Event: event}}, 10)
		if err != nil || next.Upgrade.Worked != nil || (next.Upgrade.WorkingSince != nil) != counts {
			t.Errorf("%s: %v, worked %v, since %v", event, err, next.Upgrade.Worked, next.Upgrade.WorkingSince)
		}
	}
}
