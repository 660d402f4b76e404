// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// rehearsedAs lets the rehearsal of a plan have ended with these findings.
func rehearsedAs(downgrade, rolling v1alpha1.Finding) func(*Observation) {
	return func(o *Observation) {
		migratedBefore(o)
		o.Rehearse = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Revision: o.Preflight.Result.Revision,
			Rehearsal: &migrations.Rehearsal{Downgrade: downgrade, Rolling: rolling, MigrateSeconds: 1.2, LockSeconds: 0.444, LockTables: 8, CopySeconds: 3}}}
	}
}

// The hash of a plan is that of its findings: other figures are the same plan, another
// finding is another one.
func TestFiguresVoidNoApproval(t *testing.T) {
	plan := func(edit func(*Observation)) string {
		o := toPlan()
		edit(o)
		return planHash(o, planOf(o))
	}
	first := plan(rehearsedAs("Proven", "Proven"))
	if again := plan(func(o *Observation) {
		rehearsedAs("Proven", "Proven")(o)
		r := o.Rehearse.Result.Rehearsal
		r.MigrateSeconds, r.LockSeconds, r.LockTables, r.Bytes, r.CopySeconds = 99, 9, 9, 9, 99
	}); again != first {
		t.Error("other figures void the approval")
	}
	if other := plan(rehearsedAs("Refused", "Proven")); other == first {
		t.Error("another finding has the same hash")
	}
}

// toPlan is an upgrade between measured releases, with its preflight done.
func toPlan() *Observation {
	o := midway(validate)
	o.Status.Upgrade.From, o.Status.Upgrade.To, o.Status.Upgrade.FromRevision = "5.0.0", "6.0.0", ""
	o.Policy.Rehearsal = v1alpha1.RehearsalAlways
	o.Preflight = migrations.Progress{Attempt: 1, Done: true, Result: migrations.Result{Database: "postgresql", Revision: "old", Head: "new", PendingCount: 4, Path: drops}}
	return o
}

// It is asked for what there is to try.
func TestWhatIsRehearsed(t *testing.T) {
	cases := map[string]struct {
		edit func(*Observation)
		want bool
	}{
		"an upgrade":   {func(*Observation) {}, true},
		"never":        {func(o *Observation) { o.Policy.Rehearsal = v1alpha1.RehearsalNever }, false},
		"said nothing": {func(o *Observation) { o.Policy.Rehearsal = "" }, false},
		"not additive": {func(o *Observation) { o.Policy.Rehearsal = v1alpha1.RehearsalWhenNotAdditive }, true},
		"additive": {func(o *Observation) {
			o.Policy.Rehearsal, o.Preflight.Result.Path = v1alpha1.RehearsalWhenNotAdditive, adds
		}, false},
		"nothing is known": {func(o *Observation) {
			o.Policy.Rehearsal, o.Preflight.Result.Path = v1alpha1.RehearsalWhenNotAdditive, nil
		}, true},
		"additive, always":        {func(o *Observation) { o.Preflight.Result.Path = adds }, true},
		"nothing to cross":        {func(o *Observation) { o.Preflight.Result.PendingCount = 0 }, false},
		"a first install":         {func(o *Observation) { o.Status.Upgrade.FromRelease = "" }, false},
		"a database never filled": {func(o *Observation) { o.Preflight.Result.Revision = "" }, false},
		"another database":        {func(o *Observation) { o.Desired.Database = "elsewhere/uri" }, false},
		"MySQL":                   {func(o *Observation) { o.Preflight.Result.Database = "mysql" }, false},
	}
	for name, c := range cases {
		o := toPlan()
		c.edit(o)
		if got := rehearses(o); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		d := Decide(o)
		ran := false
		for _, a := range d.Work.Actions() {
			ran = ran || a.Kind == RunJob && a.Script == migrations.Rehearse && a.Current == o.Status.Upgrade.FromRelease
		}
		if ran != c.want {
			t.Errorf("%s: a Job rehearses: %v, want %v (%+v)", name, ran, c.want, d)
		}
	}
}

// A proven downgrade is a way back only to the revision that the copy had, and only
// between the releases of the run.
func TestProvenDowngradeIsAWayBack(t *testing.T) {
	cases := map[string]struct {
		edit  func(*Observation)
		class v1alpha1.RollbackClass
	}{
		"proven":              {func(*Observation) {}, v1alpha1.RollbackDowngrade},
		"refused":             {func(o *Observation) { o.Status.Upgrade.Rehearsal.Downgrade = v1alpha1.FindingRefused }, v1alpha1.RollbackRestore},
		"of another revision": {func(o *Observation) { o.Status.Upgrade.Rehearsal.Revision = "older" }, v1alpha1.RollbackRestore},
		"to another release":  {func(o *Observation) { o.Status.Upgrade.FromRelease = "c" }, v1alpha1.RollbackRestore},
		"it has failed": {func(o *Observation) {
			o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{FellBack: "DowngradeFailed"}
		}, v1alpha1.RollbackRestore},
		"the old one serves": {func(o *Observation) { o.Desired.Version, o.Stored[0].Version = "6.1.5", "6.1.5" }, v1alpha1.RollbackImage},
		"Restore is asked":   {func(o *Observation) { o.Policy.Rollback = "Restore" }, v1alpha1.RollbackRestore},
	}
	for name, c := range cases {
		o := unmeasured()
		o.Status.Upgrade.FromRevision = "old"
		o.Status.Upgrade.Rehearsal = &v1alpha1.RehearsalStatus{Revision: "old", Downgrade: v1alpha1.FindingProven}
		c.edit(o)
		if got := WayBack(o, o.stored("a")); got.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, got.Class, got.Reason, c.class)
		}
	}
}

// What was found goes into status in whole seconds, rounded up, and stays there when the
// Job is gone.
func TestRehearsalIsNoted(t *testing.T) {
	o := toPlan()
	rehearsedAs("Proven", "Refused")(o)
	got := rehearsed(o)
	if got.MigrateSeconds != 2 || got.Seconds != 3 || got.LockTables != 8 || got.LockTime.Duration != 440*time.Millisecond || got.Revision != o.Preflight.Result.Revision {
		t.Errorf("%+v", got)
	}
	o.Status.Upgrade.Rehearsal, o.Rehearse = got, migrations.Progress{}
	if diff := cmp.Diff(got, rehearsed(o)); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
