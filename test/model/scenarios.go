// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

const (
	postgresql = "postgresql"
	mysql      = "mysql"
)

var twoReleases = []release{relA, relB}

// Scenarios are what the whole check goes through, the largest first.
var Scenarios = []Scenario{
	{Name: "drain", Says: "every tier is stopped for the migration, behind the maintenance page", Database: postgresql,
		Policy: lifecycle.Policy{Strategy: v1alpha1.StrategyDrain, Page: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Lags: 2, Crashes: 1}},
	{Name: "install", Says: "a first install, and a change of mind in its middle", Database: postgresql,
		Targets: twoReleases, Budgets: budgets{Edits: 1, Fails: 1, Lags: 1}},
	{Name: "rolling", Says: "an upgrade beside live traffic, with a token, a failure, a cache that lags and a restart", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Lags: 1, Crashes: 1}},
	{Name: "caches", Says: "there and back, while caches of any kind lag", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Lags: 3}},
	{Name: "leaders", Says: "a leader that lost its lease writes late", Database: postgresql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Lags: 2, Zombies: 1}},
	{Name: "late Jobs", Says: "such a leader makes a migrate Job", Database: postgresql, LateJobs: true,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 2, Zombies: 1}},
	{Name: "hold", Says: "onFailure: Hold", Database: postgresql, Policy: lifecycle.Policy{OnFailure: v1alpha1.OnFailureHold},
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 2}},
	{Name: "mysql", Says: "a database without transactional DDL", Database: mysql,
		Path: []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 2}},
	{Name: "gates", Says: "plans wait for approval, web for another, and users pause", Database: postgresql,
		Policy: lifecycle.Policy{Approval: v1alpha1.ApprovalAlways, Gates: []v1alpha1.Phase{v1alpha1.PhaseUpgradeWeb}},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 2, Tokens: 1, Pauses: 1, Lags: 1}},
	{Name: "edits", Says: "one edit after another, to any release, also such as must be refused", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relB, relC, relD, relX, relY}, Budgets: budgets{Edits: 3}},
	{Name: "second", Says: "a third release after a first upgrade, or back", Database: postgresql,
		Path: []release{relA, relB}, Targets: []release{relA, relB, relC}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "downgrade", Says: "the way back takes the schema back", Database: postgresql,
		Policy: lifecycle.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 2}},
	{Name: "taken back", Says: "so does a way back from a release that was verified", Database: postgresql,
		Policy: lifecycle.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade)},
		Path:   []release{relA, relB}, Targets: twoReleases, Budgets: budgets{Tokens: 2, Fails: 2}},
	{Name: "restore", Says: "the way back restores a backup", Database: postgresql,
		Policy: lifecycle.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackRestore), Backup: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 1, Lags: 1}},
	{Name: "unmeasured", Says: "an upgrade that nobody has measured, with a backup", Database: postgresql, Policy: lifecycle.Policy{Backup: true},
		Path: []release{relA}, Targets: []release{relA, relE}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "frozen", Says: "one without a backup, which nothing takes back", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relE}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1, Lags: 1}},
	{Name: "halves", Says: "a database without transactional DDL, with a backup, and the schema taken back", Database: mysql,
		Policy: lifecycle.Policy{Rollback: v1alpha1.RollbackChoice(v1alpha1.RollbackDowngrade), Backup: true},
		Path:   []release{relA}, Targets: twoReleases, Budgets: budgets{Edits: 1, Tokens: 1, Fails: 2, Lags: 1}},
	{Name: "keys", Says: "the secret key changes, and goes back", Database: postgresql,
		Path: []release{relA}, Targets: []release{relA, relB, relK}, Budgets: budgets{Edits: 2, Tokens: 1, Fails: 1}},
	{Name: "drift", Says: "somebody deletes components", Database: postgresql,
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
