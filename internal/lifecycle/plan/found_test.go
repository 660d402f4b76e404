// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// head5 is the head of 5.0.0.
const head5 = "74ad1125881c"

// adopting is a Superset without a release, on a database of 5.0.0 that it has not migrated.
func adopting() *state.Observation {
	o := statetest.Validated()
	o.Status.Release, o.Status.Schema, o.Stored, o.Tiers = "", nil, nil, [3]state.Tier{}
	o.Status.Upgrade = &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindInstall, To: "6.0.0", ToRelease: "b"}
	o.Preflight.Result.Revision, o.Preflight.Result.Head, o.Preflight.Result.PendingCount = head5, "c233f5365c9e", 8
	return o
}

// What the database says decides what a first run is.
func TestFirstRun(t *testing.T) {
	for name, c := range map[string]struct {
		edit     func(*state.Observation)
		adopts   bool
		strategy v1alpha1.Strategy
		class    v1alpha1.RollbackClass
		gate     string
	}{
		"empty database":     {func(o *state.Observation) { o.Preflight.Result.Revision = "" }, false, "", v1alpha1.RollbackNone, ""},
		"of an older one":    {func(*state.Observation) {}, true, v1alpha1.StrategyRolling, v1alpha1.RollbackFrozen, "this Superset has no earlier release"},
		"with a backup":      {func(o *state.Observation) { o.Policy.Backup = true }, true, v1alpha1.StrategyRolling, v1alpha1.RollbackRestore, ""},
		"Drain is asked for": {func(o *state.Observation) { o.Policy.Backup, o.Policy.Strategy = true, v1alpha1.StrategyDrain }, true, v1alpha1.StrategyDrain, v1alpha1.RollbackRestore, ""},
		"nothing pending":    {func(o *state.Observation) { o.Preflight.Result.PendingCount = 0 }, true, v1alpha1.StrategyRolling, v1alpha1.RollbackNone, ""},
		"unknown revision": {func(o *state.Observation) { o.Policy.Backup, o.Preflight.Result.Revision = true, "0123456789ab" }, true, v1alpha1.StrategyDrain, v1alpha1.RollbackRestore,
			"revision 0123456789ab of the database belongs to no official release"},
		"its own retry": {func(o *state.Observation) { o.Status.Upgrade.EmptyDatabase = true }, false, "", v1alpha1.RollbackNone, ""},
		"its own retry, repointed": {func(o *state.Observation) {
			o.Status.Upgrade.EmptyDatabase, o.Policy.Backup = true, true
			o.Status.Schema = &v1alpha1.SchemaStatus{Identity: "a"}
			o.Preflight.Result.Identity = "b"
		}, true, v1alpha1.StrategyRolling, v1alpha1.RollbackRestore, ""},
		"two schedulers": {func(o *state.Observation) {
			o.Policy.Backup, o.Sharing = true, []state.Sharer{{Name: "bi/old", Scheduler: true}}
		}, true, v1alpha1.StrategyRolling, v1alpha1.RollbackRestore, "Superset bi/old has a scheduler"},
		"another without one": {func(o *state.Observation) { o.Policy.Backup, o.Sharing = true, []state.Sharer{{Name: "bi/old"}} }, true, v1alpha1.StrategyRolling, v1alpha1.RollbackRestore, ""},
	} {
		o := adopting()
		c.edit(o)
		s := state.Of(o)
		p := Make(s)
		if s.Adopts != c.adopts || p.Strategy != c.strategy || p.Rollback != c.class {
			t.Errorf("%s: adopts %v, %s, %s; want %v, %s, %s", name, s.Adopts, p.Strategy, p.Rollback, c.adopts, c.strategy, c.class)
		}
		g := GateBefore(s, v1alpha1.PhaseDBMigrate, Planned{Plan: p, Hash: Hash(s, p)})
		if g.Closed() != (c.gate != "") || !strings.Contains(g.Message, c.gate) {
			t.Errorf("%s: gate %+v, want %q", name, g, c.gate)
		}
	}
}

// With nothing to migrate and nothing that runs, windows do not hold a first run, and an
// approval does.
func TestAdoptionInAWindow(t *testing.T) {
	never := []v1alpha1.MaintenanceWindow{{Schedule: "0 0 30 2 *"}}
	for name, c := range map[string]struct {
		edit func(*state.Observation)
		gate string
	}{
		"pending":         {func(o *state.Observation) { o.Policy.Backup = true }, v1alpha1.ConditionOutsideWindow},
		"nothing pending": {func(o *state.Observation) { o.Preflight.Result.PendingCount = 0 }, ""},
		"a tier of ours": {func(o *state.Observation) {
			o.Preflight.Result.PendingCount, o.Tiers[state.Web].Exists = 0, true
		}, v1alpha1.ConditionOutsideWindow},
		"Always": {func(o *state.Observation) {
			o.Preflight.Result.PendingCount, o.Policy.Approval = 0, v1alpha1.ApprovalAlways
		}, v1alpha1.ConditionAwaitingApproval},
	} {
		o := adopting()
		o.Policy.Windows = never
		c.edit(o)
		s := state.Of(o)
		p := Make(s)
		if g := GateBefore(s, v1alpha1.PhaseDBMigrate, Planned{Plan: p, Hash: Hash(s, p)}); g.Condition != c.gate {
			t.Errorf("%s: %+v, want %q", name, g, c.gate)
		}
	}
}

func TestRefuseFound(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*state.Observation)
		reason string
	}{
		"older revision":      {func(*state.Observation) {}, ""},
		"two majors":          {func(o *state.Observation) { o.Preflight.Result.Revision = "48cbb571fa3a" }, v1alpha1.ReasonVersionSkip},
		"two majors, allowed": {func(o *state.Observation) { o.Preflight.Result.Revision, o.Policy.AllowSkip = "48cbb571fa3a", true }, ""},
		"tables alone": {func(o *state.Observation) {
			o.Preflight.Result.Revision, o.Preflight.Result.Tables, o.Preflight.Result.TablesIn = "", true, "bi"
		}, v1alpha1.ReasonDatabaseNotEmpty},
		"tables of its own first attempt": {func(o *state.Observation) {
			o.Preflight.Result.Revision, o.Preflight.Result.Tables, o.Status.Upgrade.EmptyDatabase = "", true, true
		}, ""},
	} {
		o := adopting()
		c.edit(o)
		if reason, message := RefuseFound(state.Of(o)); reason != c.reason || (message == "") != (reason == "") {
			t.Errorf("%s: %q, %q; want %q", name, reason, message, c.reason)
		}
	}
}

// Notes are in the plan and not in its hash: a session that comes or goes voids no approval.
func TestNotes(t *testing.T) {
	o := adopting()
	r := &o.Preflight.Result
	s := state.Of(o)
	before := Hash(s, Make(s))
	r.Sessions = []migrations.Session{{Name: "", Count: 4}, {Name: "psql", Count: 1}}
	r.Workers, r.WorkerCount, r.Beat = []string{"celery@old-0"}, 3, "reports.scheduler"
	r.VersionNote, r.UnknownSettings = "the image has 6.0.0rc2", []string{"ENABLE_OLD"}
	r.Pooler = "spec.database leads to a pooler in transaction mode"
	o.Sharing = []state.Sharer{{Name: "bi/old"}}
	s = state.Of(o)
	p := Make(s)
	want := []string{
		"the database is at revision 74ad1125881c (5.0.0); this Superset has not migrated it",
		"Superset bi/old has the same database",
		"other sessions on the database: unnamed 4, psql 1",
		"3 workers on the broker are not of this Superset: celery@old-0; if they use another database, they take this Superset's tasks: set spec.cache.keyPrefix",
		"another scheduler sends tasks to the broker: reports.scheduler",
		"spec.database leads to a pooler in transaction mode",
		"the image has 6.0.0rc2",
		"6.0.0 does not know these names of spec.config.raw: ENABLE_OLD",
	}
	if diff := cmp.Diff(want, p.Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if after := Hash(s, p); after != before {
		t.Errorf("hash %s, without notes %s", after, before)
	}
	o.Desired.KeyPrefix = "bi"
	if got := Make(state.Of(o)).Notes[3]; got != "3 workers on the broker are not of this Superset: celery@old-0" {
		t.Errorf("with a prefix: %s", got)
	}
	if line := InOneLine(p); !strings.Contains(line, "psql 1") {
		t.Errorf("in one line: %s", line)
	}
}
