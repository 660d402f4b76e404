// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// colors of the phases. Orange and red are those that need a look.
var colors = map[string]string{
	"Pending": "#8e8e8e", "Ready": good, "RolledBack": "dark-orange", "Failed": problem,
	"Validate": "light-blue", "DBMigrate": "purple", "UpgradeScheduler": "blue", "UpgradeWorkers": "semi-dark-blue",
	"UpgradeWeb": "dark-blue", "Verify": "light-purple", "Rollback": "orange",
}

// phaseValues are the names and colors of the numbers of phases.
var phaseValues = func() map[string]value {
	out := map[string]value{}
	for i, p := range phases {
		out[strconv.Itoa(i+1)] = value{p, colors[p]}
	}
	return out
}()

// phaseNumber is the phase of each selected Superset as its place in phases, from 1:
// Grafana's timeline needs a number.
var phaseNumber = func() string {
	var parts []string
	for i, p := range phases {
		parts = append(parts, fmt.Sprintf(`%d * (superset_operator_upgrade_phase{namespace=~"$namespace", name=~"$name", phase=%q} == 1)`, i+1, p))
	}
	return "max by (namespace, name) (" + strings.Join(parts, " or ") + ")"
}()

// Matchers of phases and reasons.
const (
	resting = `Pending|Ready|RolledBack|Failed`
	// stuckFor are the reasons of a wait that does not end by itself.
	stuckFor = `Blocked|NameConflict|ReleaseMissing|ReconcileError|Overdue`
)
