// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

var (
	adds  = &migrations.Path{Additive: 3}
	drops = &migrations.Path{Additive: 2, DataChanging: 1, Destructive: 1, DowngradeLossy: 3, DowngradeEmpty: 1}
	waits = &migrations.Path{DataChanging: 2, SecondConnection: []string{"58d051681a3b"}}
)

// planCases are what a plan is made of: where from and to, what the path does,
// which database, and what the user wants.
var planCases = []struct {
	name, from, to, database string
	path                     *migrations.Path
	count                    int32
	policy                   Policy
	edit                     func(*Observation)
}{
	{name: "first install", to: "6.0.0", database: "postgresql", count: 339},
	{name: "measured releases", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4},
	{name: "measured releases, times known", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4, edit: remembering},
	{name: "as Drain", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4, policy: Policy{Strategy: v1alpha1.StrategyDrain}, edit: remembering},
	{name: "as Rolling", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4, policy: Policy{Strategy: v1alpha1.StrategyRolling, MaxLock: 2 * time.Second}},
	{name: "no schema change", from: "6.0.0", to: "6.0.1", database: "postgresql"},
	{name: "config change", from: "6.0.0", to: "6.0.0", database: "postgresql", edit: func(o *Observation) { o.Status.Upgrade.Kind = v1alpha1.KindConfigChange }},
	{name: "unmeasured, all additive", from: "6.1.0", to: "6.3.0", database: "postgresql", path: adds, count: 3},
	{name: "unmeasured, not all additive", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4},
	{name: "class unknown", from: "5.0.0", to: "6.0.0", database: "postgresql", count: 8},
	{name: "second connection", from: "4.1.4", to: "5.0.0", database: "postgresql", path: waits, count: 2},
	{name: "second connection, as Rolling", from: "4.1.4", to: "5.0.0", database: "postgresql", path: waits, count: 2, policy: Policy{Strategy: v1alpha1.StrategyRolling}},
	{name: "MySQL", from: "5.0.0", to: "6.0.0", database: "mysql", path: adds, count: 3},
	{name: "MySQL, as Rolling", from: "5.0.0", to: "6.0.0", database: "mysql", path: adds, count: 3, policy: Policy{Strategy: v1alpha1.StrategyRolling}},
	{name: "ahead after a rollback", from: "5.0.0", to: "6.0.0", database: "postgresql", edit: func(o *Observation) {
		o.Status.Schema = &v1alpha1.SchemaStatus{Revision: "c233f5365c9e", AheadAfterRollback: true}
		o.Preflight.Result.Reason, o.Preflight.Result.Revision, o.Preflight.Done = migrations.ReasonDatabaseAhead, "c233f5365c9e", false
	}},
	{name: "workers and scheduler removed", from: "5.0.0", to: "6.0.0", database: "postgresql", path: adds, count: 3, edit: func(o *Observation) { o.Desired.Has = [3]bool{Web: true} }},
	{name: "unmeasured, backed up", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4, policy: Policy{Backup: true}, edit: migratedBefore},
	{name: "measured, as Restore", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4, edit: migratedBefore,
		policy: Policy{Backup: true, Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackRestore)}},
	{name: "unmeasured, as Downgrade", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4,
		policy: Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)}},
	{name: "unmeasured, as Image", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4,
		policy: Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackImage)}},
	{name: "unmeasured, rehearsed", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4,
		policy: Policy{Backup: true, Rehearsal: v1alpha1.RehearsalAlways}, edit: rehearsedAs("Refused", "Proven")},
	{name: "unmeasured, the old one fails", from: "6.1.0", to: "6.3.0", database: "postgresql", path: drops, count: 4,
		policy: Policy{Backup: true, Rehearsal: v1alpha1.RehearsalAlways}, edit: rehearsedAs("Proven", "Refused")},
	{name: "measured, the old one fails", from: "5.0.0", to: "6.0.0", database: "postgresql", path: drops, count: 4,
		policy: Policy{Rehearsal: v1alpha1.RehearsalAlways}, edit: rehearsedAs("Refused", "Refused")},
	{name: "MySQL, not rehearsed", from: "5.0.0", to: "6.0.0", database: "mysql", path: adds, count: 3, policy: Policy{Rehearsal: v1alpha1.RehearsalAlways}, edit: migratedBefore},
	{name: "MySQL, backed up", from: "5.0.0", to: "6.0.0", database: "mysql", path: adds, count: 3, policy: Policy{Backup: true}, edit: migratedBefore},
	{name: "a new secret key", from: "6.0.0", to: "6.0.0", database: "postgresql", policy: Policy{Backup: true}, edit: func(o *Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Kind, o.Stored[0].Key, o.Desired.Key, o.Desired.PreviousKey = v1alpha1.KindConfigChange, "keys/one", "keys/two", "keys/one"
	}},
	{name: "another database", from: "5.0.0", to: "6.0.0", database: "postgresql", path: adds, count: 3, edit: func(o *Observation) { o.Desired.Database = "bi-new/uri" }},
	{name: "unmeasured, after a run that has migrated", from: "6.1.0", to: "6.3.0", database: "postgresql", edit: func(o *Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Touched, o.Status.Upgrade.FromRevision = true, "33d7e0e21daa"
	}},
	{name: "unmeasured, after a run that has migrated and backed up", from: "6.1.0", to: "6.3.0", database: "postgresql", edit: func(o *Observation) {
		migratedBefore(o)
		o.Status.Upgrade.Touched, o.Status.Upgrade.FromRevision = true, "33d7e0e21daa"
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r6", Revision: "33d7e0e21daa"}}
	}},
	{name: "an install that failed on its way", to: "6.0.0", database: "postgresql", count: 8, edit: func(o *Observation) { o.Tiers[Worker].Exists = true }},
}

// migratedBefore is a database that has something to lose.
func migratedBefore(o *Observation) { o.Preflight.Result.Revision = "74ad1125881c" }

func remembering(o *Observation) {
	o.Status.History = []v1alpha1.HistoryEntry{
		{Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultFailed, Phases: "Validate 900s"},
		{Kind: v1alpha1.KindConfigChange, Result: v1alpha1.ResultSucceeded, Phases: "Validate 1s"},
		{Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultSucceeded,
			Phases: "Validate 9s, DBMigrate 12s, DBMigrate 31s, UpgradeScheduler 1s, UpgradeWorkers 18s, UpgradeWeb 6s, Verify 9s"},
	}
}

func planObservation(i int) *Observation {
	c := planCases[i]
	all := [3]bool{true, true, true}
	o := &Observation{
		Status: &v1alpha1.SupersetStatus{Phase: validate, UpgradeRevision: 7, Upgrade: &v1alpha1.UpgradeStatus{
			Kind: v1alpha1.KindUpgrade, From: c.from, To: c.to, FromRelease: c.from, ToRelease: c.to + "-new"}},
		Policy: c.policy, Desired: Release{Hash: c.to + "-new", Version: c.to, Has: all},
		Preflight: migrations.Progress{Done: true, Attempt: 1, Result: migrations.Result{Database: c.database, Head: "c233f5365c9e", PendingCount: c.count, Path: c.path}},
	}
	if c.from == "" {
		o.Status.Upgrade.Kind = v1alpha1.KindInstall
	} else {
		o.Tiers = [3]Tier{{Exists: true}, {Exists: true}, {Exists: true}}
		o.Stored = []Release{{Hash: c.from, Version: c.from, Has: all}}
	}
	if c.edit != nil {
		c.edit(o)
	}
	return o
}

// describe puts a plan as a person would read it.
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

// The whole text of each plan stands in testdata/plans.txt: it is what a user
// reads before an upgrade.
func TestPlans(t *testing.T) {
	var got strings.Builder
	for i, c := range planCases {
		from := c.from
		if from == "" {
			from = "nothing"
		}
		fmt.Fprintf(&got, "== %s: %s to %s, %s\n%s\n", c.name, from, c.to, c.database, describe(planOf(planObservation(i))))
	}
	golden.Text(t, "plans.txt", got.String())
}

// An approval is for one plan: estimates do not void it, anything else does.
func TestPlanHash(t *testing.T) {
	hash := func(edit func(*Observation)) string {
		o := planObservation(1)
		edit(o)
		return planHash(o, planOf(o))
	}
	same := hash(func(*Observation) {})
	if got := hash(remembering); got != same {
		t.Errorf("estimates change the hash: %s, %s", same, got)
	}
	for name, edit := range map[string]func(*Observation){
		"strategy":   func(o *Observation) { o.Policy.Strategy = v1alpha1.StrategyDrain },
		"lock time":  func(o *Observation) { o.Policy.MaxLock = time.Minute },
		"run":        func(o *Observation) { o.Status.UpgradeRevision++ },
		"target":     func(o *Observation) { o.Status.Upgrade.ToRelease = "other" },
		"head":       func(o *Observation) { o.Preflight.Result.Head = "other" },
		"migrations": func(o *Observation) { o.Preflight.Result.PendingCount++ },
	} {
		if hash(edit) == same {
			t.Errorf("another %s has the same hash", name)
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
		{name: "the earlier of two", now: "2026-11-27T20:00:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, daily},
			message: "the next one opens at 2026-11-28T00:00:00Z", recheck: time.Hour},
		{name: "one of two is open", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, daily}, open: true},
		{name: "never", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "0 0 30 2 *", Duration: daily.Duration}},
			message: "no maintenance window ever opens"},
		{name: "no cron", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{saturday, {Schedule: "at night"}},
			message: `spec.upgrade.windows[1]: schedule "at night" is no cron expression`},
		{name: "no fixed times", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@every 24h", Duration: daily.Duration}},
			message: `schedule "@every 24h" has no fixed times`},
		{name: "a mistake beside an open one", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{daily, {Schedule: "at night"}},
			message: "spec.upgrade.windows[1]"},
		{name: "the zone of the machine", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@daily", TimeZone: "Local"}},
			message: `timeZone "Local" is unknown`},
		{name: "no zone", now: "2026-11-25T00:10:00Z", windows: []v1alpha1.MaintenanceWindow{{Schedule: "@daily", TimeZone: "Berlin"}},
			message: `timeZone "Berlin" is unknown`},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			open, message, recheck := inWindow(now, c.windows)
			if open != c.open || !strings.Contains(message, c.message) || recheck != c.recheck {
				t.Errorf("open %v, %q, look again in %s", open, message, recheck)
			}
		})
	}
}
