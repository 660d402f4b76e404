// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

var secondConnection = &migrations.Path{DataChanging: 2, SecondConnection: []string{"58d051681a3b"}}

var notOfARelease = &migrations.Path{Additive: 3, Unknown: 1, DowngradeLossy: 1, SecondConnection: []string{"abcdef012345"}}

// planCases are the inputs of a plan: the two versions, the classes of the migrations, the
// database and the policy.
var planCases = []struct {
	name, from, to, database string
	path                     *migrations.Path
	count                    int32
	policy                   state.Policy
	edit                     func(*state.Observation)
}{
	{name: "first install", to: "6.0.0", database: "postgresql", count: 339},
	{name: "tested releases", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4},
	{name: "tested releases, times known", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4, edit: withHistory},
	{name: "as Drain", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4, policy: state.Policy{Strategy: v1alpha1.StrategyDrain}, edit: withHistory},
	{name: "as Rolling", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4, policy: state.Policy{Strategy: v1alpha1.StrategyRolling, MaxLockTime: 2 * time.Second}},
	{name: "no schema change", from: "6.0.0", to: "6.0.1", database: "postgresql"},
	{name: "config change", from: "6.0.0", to: "6.0.0", database: "postgresql", edit: func(o *state.Observation) { o.Status.Upgrade.Kind = v1alpha1.KindConfigChange }},
	{name: "untested, all additive", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Additive, count: 3},
	{name: "untested, not all additive", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4},
	{name: "untested, a revision of no release", from: "6.1.0", to: "6.3.0", database: "postgresql", path: notOfARelease, count: 4},
	{name: "class unknown", from: "5.0.0", to: "6.0.0", database: "postgresql", count: 8},
	{name: "second connection", from: "4.1.4", to: "5.0.0", database: "postgresql", path: secondConnection, count: 2},
	{name: "second connection, as Rolling", from: "4.1.4", to: "5.0.0", database: "postgresql", path: secondConnection, count: 2, policy: state.Policy{Strategy: v1alpha1.StrategyRolling}},
	{name: "MySQL", from: "5.0.0", to: "6.0.0", database: "mysql", path: statetest.Additive, count: 3},
	{name: "MySQL, as Rolling", from: "5.0.0", to: "6.0.0", database: "mysql", path: statetest.Additive, count: 3, policy: state.Policy{Strategy: v1alpha1.StrategyRolling}},
	{name: "ahead after a rollback", from: "5.0.0", to: "6.0.0", database: "postgresql", edit: func(o *state.Observation) {
		o.Status.Schema = &v1alpha1.SchemaStatus{Revision: "c233f5365c9e", AheadAfterRollback: true}
		o.Preflight.Result.Reason, o.Preflight.Result.Revision, o.Preflight.Done = migrations.ReasonDatabaseAhead, "c233f5365c9e", false
	}},
	{name: "workers and scheduler removed", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Additive, count: 3, edit: func(o *state.Observation) { o.Desired.Has = [3]bool{state.Web: true} }},
	{name: "untested, backed up", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4, policy: state.Policy{Backup: true}, edit: migratedBefore},
	{name: "tested, as Restore", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4, edit: migratedBefore,
		policy: state.Policy{Backup: true, Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackRestore)}},
	{name: "untested, as Downgrade", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4,
		policy: state.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)}},
	{name: "untested, as Image", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4,
		policy: state.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackImage)}},
	{name: "untested, rehearsed", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4,
		policy: state.Policy{Backup: true, Rehearsal: v1alpha1.RehearsalAlways}, edit: func(o *state.Observation) { statetest.Rehearse(o, "Refused", "Proven") }},
	{name: "untested, the old release fails", from: "6.1.0", to: "6.3.0", database: "postgresql", path: statetest.Destructive, count: 4,
		policy: state.Policy{Backup: true, Rehearsal: v1alpha1.RehearsalAlways}, edit: func(o *state.Observation) { statetest.Rehearse(o, "Proven", "Refused") }},
	{name: "tested, the old release fails", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Destructive, count: 4,
		policy: state.Policy{Rehearsal: v1alpha1.RehearsalAlways}, edit: func(o *state.Observation) { statetest.Rehearse(o, "Refused", "Refused") }},
	{name: "MySQL, not rehearsed", from: "5.0.0", to: "6.0.0", database: "mysql", path: statetest.Additive, count: 3, policy: state.Policy{Rehearsal: v1alpha1.RehearsalAlways}, edit: migratedBefore},
	{name: "MySQL, backed up", from: "5.0.0", to: "6.0.0", database: "mysql", path: statetest.Additive, count: 3, policy: state.Policy{Backup: true}, edit: migratedBefore},
	{name: "a new secret key", from: "6.0.0", to: "6.0.0", database: "postgresql", policy: state.Policy{Backup: true}, edit: func(o *state.Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Kind, o.Stored[0].Key, o.Desired.Key, o.Desired.PreviousKey = v1alpha1.KindConfigChange, "keys/one", "keys/two", "keys/one"
	}},
	{name: "a new key prefix", from: "6.0.0", to: "6.0.0", database: "postgresql", policy: state.Policy{Strategy: v1alpha1.StrategyRolling}, edit: func(o *state.Observation) {
		o.Status.Upgrade.Kind, o.Status.Release, o.Stored[0].KeyPrefix, o.Desired.KeyPrefix = v1alpha1.KindConfigChange, "6.0.0", "", "bi"
	}},
	{name: "no key prefix any more, as an upgrade", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Additive, count: 3, edit: func(o *state.Observation) {
		o.Status.Release, o.Stored[0].KeyPrefix = "5.0.0", "bi"
	}},
	{name: "the same key prefix", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Additive, count: 3, edit: func(o *state.Observation) {
		o.Status.Release, o.Stored[0].KeyPrefix, o.Desired.KeyPrefix = "5.0.0", "bi", "bi"
	}},
	{name: "different database", from: "5.0.0", to: "6.0.0", database: "postgresql", path: statetest.Additive, count: 3, edit: func(o *state.Observation) { o.Desired.Database = "bi-new/uri" }},
	{name: "untested, after a run that has migrated", from: "6.1.0", to: "6.3.0", database: "postgresql", edit: func(o *state.Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Touched, o.Status.Upgrade.FromRevision = true, "33d7e0e21daa"
	}},
	{name: "untested, after a run that has migrated and backed up", from: "6.1.0", to: "6.3.0", database: "postgresql", edit: func(o *state.Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Touched, o.Status.Upgrade.FromRevision = true, "33d7e0e21daa"
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r6", Revision: "33d7e0e21daa"}}
	}},
	{name: "retry of a failed install", to: "6.0.0", database: "postgresql", count: 8, edit: func(o *state.Observation) { o.Tiers[state.Worker].Exists = true }},
}

// migratedBefore sets the revision of a database that already has data.
func migratedBefore(o *state.Observation) { o.Preflight.Result.Revision = "74ad1125881c" }

// withHistory adds the durations of earlier runs.
func withHistory(o *state.Observation) {
	o.Status.History = []v1alpha1.HistoryEntry{
		{Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultFailed, Phases: "Validate 900s"},
		{Kind: v1alpha1.KindConfigChange, Result: v1alpha1.ResultSucceeded, Phases: "Validate 1s"},
		{Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultSucceeded,
			Phases: "Validate 9s, DBMigrate 12s, DBMigrate 31s, UpgradeScheduler 1s, UpgradeWorkers 18s, UpgradeWeb 6s, Verify 9s"},
	}
}

func planObservation(i int) *state.Observation {
	c := planCases[i]
	all := [3]bool{true, true, true}
	o := &state.Observation{
		Status: &v1alpha1.SupersetStatus{Phase: v1alpha1.PhaseValidate, UpgradeRevision: 7, Upgrade: &v1alpha1.UpgradeStatus{
			Kind: v1alpha1.KindUpgrade, From: c.from, To: c.to, FromRelease: c.from, ToRelease: c.to + "-new"}},
		Policy: c.policy, Desired: state.Release{Hash: c.to + "-new", Version: c.to, Has: all},
		Preflight: migrations.Progress{Done: true, Attempt: 1, Result: migrations.Result{Database: c.database, Head: "c233f5365c9e", PendingCount: c.count, Path: c.path}},
	}
	if c.from == "" {
		o.Status.Upgrade.Kind = v1alpha1.KindInstall
	} else {
		o.Tiers = [3]state.Tier{{Exists: true}, {Exists: true}, {Exists: true}}
		o.Stored = []state.Release{{Hash: c.from, Version: c.from, Has: all}}
	}
	if c.edit != nil {
		c.edit(o)
	}
	return o
}

// describe formats a plan for the golden file.
func describe(p *v1alpha1.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "strategy:  %s: %s\n", p.Strategy, p.StrategyReason)
	if p.Fallback != "" {
		fmt.Fprintf(&b, "fallback:  %s\n", p.Fallback)
	}
	fmt.Fprintf(&b, "downtime:  %s\nrollback:  %s: %s\n", p.Downtime, p.Rollback, p.RollbackReason)
	for i, step := range p.Steps {
		fmt.Fprintf(&b, "%d. %s: %s", i+1, step.Phase, step.What)
		if step.Seconds != nil {
			fmt.Fprintf(&b, " [%d s the last time]", *step.Seconds)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// testdata/plans.txt has the full text of each plan, which a user reads before an upgrade.
func TestPlans(t *testing.T) {
	var got strings.Builder
	for i, c := range planCases {
		from := c.from
		if from == "" {
			from = "nothing"
		}
		fmt.Fprintf(&got, "== %s: %s to %s, %s\n%s\n", c.name, from, c.to, c.database, describe(Make(state.Of(planObservation(i)))))
	}
	golden.Text(t, "plans.txt", got.String())
}

// An approval is for one plan: it stays valid when estimates change, and becomes invalid when
// anything else changes.
func TestPlanHash(t *testing.T) {
	hash := func(edit func(*state.Observation)) string {
		o := planObservation(1)
		edit(o)
		return Hash(state.Of(o), Make(state.Of(o)))
	}
	same := hash(func(*state.Observation) {})
	if got := hash(withHistory); got != same {
		t.Errorf("estimates change the hash: %s, %s", same, got)
	}
	for name, edit := range map[string]func(*state.Observation){
		"strategy":   func(o *state.Observation) { o.Policy.Strategy = v1alpha1.StrategyDrain },
		"lock time":  func(o *state.Observation) { o.Policy.MaxLockTime = time.Minute },
		"run":        func(o *state.Observation) { o.Status.UpgradeRevision++ },
		"target":     func(o *state.Observation) { o.Status.Upgrade.ToRelease = "other" },
		"head":       func(o *state.Observation) { o.Preflight.Result.Head = "other" },
		"migrations": func(o *state.Observation) { o.Preflight.Result.PendingCount++ },
	} {
		if hash(edit) == same {
			t.Errorf("a different %s has the same hash", name)
		}
	}
}

func TestMaintenanceWindows(t *testing.T) {
	saturday := v1alpha1.MaintenanceWindow{Schedule: "0 2 * * 6", TimeZone: "Europe/Berlin"}
	saturday.Duration.Duration = 4 * time.Hour
	daily := v1alpha1.MaintenanceWindow{Schedule: "@daily"}
	daily.Duration.Duration = time.Hour
	for _, c := range []struct {
		name, now string
		windows   []v1alpha1.MaintenanceWindow
		open      bool
		message   string
		recheck   time.Duration
	}{
		{name: "none", now: "2026-11-24T12:00:00Z", open: true},
		{name: "just open", now: "2026-11-28T01:00:00Z", windows: []v1alpha1.MaintenanceWindow{saturday}, open: true},
		{name: "just before", now: "2026-11-28T00:59:59Z", windows: []v1alpha1.MaintenanceWindow{saturday},
			message: "the next one opens at 2026-11-28T01:00:00Z", recheck: time.Second},
		{name: "last second", now: "2026-11-28T04:59:59Z", windows: []v1alpha1.MaintenanceWindow{saturday}, open: true},
		{name: "closed", now: "2026-11-28T05:00:00Z", windows: []v1alpha1.MaintenanceWindow{saturday},
			message: "the next one opens at 2026-12-05T01:00:00Z", recheck: time.Hour},
		{name: "summer time", now: "2026-07-04T00:30:00Z", windows: []v1alpha1.MaintenanceWindow{saturday}, open: true},
		{name: "the earlier window", now: "2026-11-27T20:00:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, daily},
			message: "the next one opens at 2026-11-28T00:00:00Z", recheck: time.Hour},
		{name: "second window open", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, daily}, open: true},
		{name: "never", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "0 0 30 2 *", Duration: daily.Duration}},
			message: "no maintenance window ever opens"},
		{name: "invalid schedule", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, {Schedule: "at night"}},
			message: `spec.upgrade.windows[1]: schedule "at night" is not a cron expression`},
		{name: "no fixed times", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@every 24h", Duration: daily.Duration}},
			message: `schedule "@every 24h" has no fixed times`},
		{name: "invalid and open", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{daily, {Schedule: "at night"}},
			message: "spec.upgrade.windows[1]"},
		{name: "local time zone", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@daily", TimeZone: "Local"}},
			message: `timeZone "Local" is unknown`},
		{name: "unknown time zone", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@daily", TimeZone: "Berlin"}},
			message: `timeZone "Berlin" is unknown`},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			open, message, recheck := inWindow(now, c.windows)
			if open != c.open || !strings.Contains(message, c.message) || recheck != c.recheck {
				t.Errorf("open %v, %q, recheck in %s", open, message, recheck)
			}
		})
	}
}
