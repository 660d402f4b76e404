// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

const (
	postgresql = "postgresql"
	mysql      = "mysql"
)

var twoReleases = []release{relA, relB}

// Scenarios are the scenarios of the full check, the largest first.
var Scenarios = []Scenario{
	{Name: "drain", Text: "every tier is stopped for the migration, with the maintenance page", Database: postgresql,
		Policy: machine.Policy{Strategy: v1alpha1.StrategyDrain, MaintenancePage: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Lags: 2, Crashes: 1}},
	{Name: "install", Text: "a first install with an edit during the run", Database: postgresql,
		Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Lags: 1}},
	{Name: "rolling", Text: "an upgrade under live traffic, with a token, a failure, a stale cache and a restart", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Lags: 1, Crashes: 1}},
	{Name: "caches", Text: "an upgrade and a rollback with stale caches of all kinds", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Lags: 3}},
	{Name: "leaders", Text: "a leader that has lost its lease writes late", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Lags: 2, Zombies: 1}},
	{Name: "late Jobs", Text: "a leader that has lost its lease creates a migrate Job", Database: postgresql, LateJobs: true,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 2, Zombies: 1}},
	{Name: "hold", Text: "onFailure: Hold", Database: postgresql, Policy: machine.Policy{OnFailure: v1alpha1.OnFailureHold},
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 2}},
	{Name: "mysql", Text: "a database without transactional DDL", Database: mysql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 2}},
	{Name: "gates", Text: "plans and UpgradeWeb wait for approval, and users pause", Database: postgresql,
		Policy: machine.Policy{Approval: v1alpha1.ApprovalAlways, Gates: []v1alpha1.Phase{v1alpha1.PhaseUpgradeWeb}},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Pauses: 1, Lags: 1}},
	{Name: "edits", Text: "consecutive edits to any release, also to releases that must be refused", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relB, relC, relD, relX, relY}, Budgets: budgets{Edits: 3}},
	{Name: "second", Text: "a third release after the first upgrade, or a rollback", Database: postgresql,
		Path: []release{relA, relB}, Targets: []release{relA, relB, relC}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "downgrade", Text: "a rollback downgrades the schema", Database: postgresql,
		Policy: machine.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 2}},
	{Name: "taken back", Text: "a rollback from a verified release downgrades the schema", Database: postgresql,
		Policy: machine.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)},
		Path:   []release{relA, relB}, Targets: twoReleases, Budgets: budgets{Tokens: 2, Fails: 2}},
	{Name: "restore", Text: "a rollback restores a backup", Database: postgresql,
		Policy: machine.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackRestore), Backup: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Lags: 1}},
	{Name: "unmeasured", Text: "an upgrade between releases that are not tested, with a backup", Database: postgresql, Policy: machine.Policy{Backup: true},
		Path: []release{relA}, Targets: []release{relA, relE}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "frozen", Text: "an upgrade between releases that are not tested, without a backup: no rollback is possible", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relE}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1, Lags: 1}},
	{Name: "halves", Text: "a database without transactional DDL, with a backup and downgrades", Database: mysql,
		Policy: machine.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade), Backup: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 2, Lags: 1}},
	{Name: "keys", Text: "the secret key is changed and reverted", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relB, relK}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "vanish", Text: "ended Jobs and their pods are deleted at any time", Database: mysql, Policy: machine.Policy{Backup: true},
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Vanishes: 2, Lags: 1}},
	{Name: "renderer", Text: "the operator is replaced by a release that renders spec differently, and back", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Lags: 1, Renderers: 1}},
	{Name: "renderer gates", Text: "the same while a plan waits for approval", Database: postgresql, Policy: machine.Policy{Approval: v1alpha1.ApprovalAlways},
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Renderers: 2}},
	{Name: "renderer drain", Text: "the same while every tier is stopped, on a database without transactional DDL", Database: mysql,
		Policy: machine.Policy{Strategy: v1alpha1.StrategyDrain, Backup: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Renderers: 2}},
	{Name: "outages", Text: "pauses, restarts and long times without an operator in every phase of a rolling upgrade", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Pauses: 1, Lags: 1, Crashes: 1, Outages: 2}},
	{Name: "outages in a drain", Text: "the same in a Drain, with a backup and the maintenance page", Database: postgresql,
		Policy: machine.Policy{Strategy: v1alpha1.StrategyDrain, Backup: true, MaintenancePage: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Pauses: 1, Lags: 1, Outages: 2}},
	{Name: "outages at gates", Text: "long waits for the approval of plans and of UpgradeWeb", Database: postgresql,
		Policy: machine.Policy{Approval: v1alpha1.ApprovalAlways, Gates: []v1alpha1.Phase{v1alpha1.PhaseUpgradeWeb}},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Pauses: 1, Outages: 2}},
	{Name: "slots", Text: "other Supersets take and release the slots for upgrades", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Slots: 1}},
	{Name: "rollout slots", Text: "the same for rollouts of another rendering", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Renderers: 1, Slots: 1}},
	{Name: "drift", Text: "a user deletes components", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Drifts: 1, Lags: 2}},
}

// ScenarioOf finds a scenario by its name; nil when there is none.
func ScenarioOf(name string) *Scenario {
	for i := range Scenarios {
		if Scenarios[i].Name == name {
			return &Scenarios[i]
		}
	}
	return nil
}

// with is a scenario with other budgets.
func with(name string, b budgets) *Scenario {
	s := *ScenarioOf(name)
	s.Budgets = b
	return &s
}
