// SPDX-License-Identifier: Apache-2.0

package main

var instance = board{
	uid: "superset-instance", title: "Superset / Instance",
	description: "One Superset: where its upgrade is, what it waits for, its phases against their history, and its pods by version.",
	variables: []variable{
		{name: "namespace", label: "Namespace", metric: `superset_operator_instance_info`, from: "namespace", one: true},
		{name: "name", label: "Superset", metric: `superset_operator_instance_info{namespace=~"$namespace"}`, from: "name", one: true},
	},
	edges: true,
	rows:  []row{instanceNow, instanceNeeds, instancePhases, instanceTiers, instanceUsers, instanceTasks, instanceDatabase},
}

// yes are the texts of 0 and 1 where 1 is as it should be.
var yes = map[string]value{"0": {"no", problem}, "1": {"yes", good}}

var instanceNow = row{"Now", []panel{
	{title: "Phase", kind: number, unit: "none", width: 4, height: 4, values: phaseValues,
		description: "The current phase.",
		queries:     []query{{phaseNumber, "phase"}}},
	{title: "Since", kind: number, unit: "s", width: 3, height: 4,
		description: "How long the current phase has lasted.",
		queries:     []query{{"time() - " + per("upgrade_phase_start_timestamp_seconds", ""), "since"}}},
	{title: "Version", kind: name, unit: "none", width: 3, height: 4,
		description: "The lowest version that any pod runs.",
		queries:     []query{{per("instance_info", ", version"), "{{version}}"}}},
	{title: "Target", kind: name, unit: "none", width: 3, height: 4,
		description: "The version that spec asks for.",
		queries:     []query{{per("instance_info", ", target_version"), "{{target_version}}"}}},
	{title: "Step", kind: number, unit: "none", width: 4, height: 4,
		description: "Number of the current phase of an upgrade, and of all its phases. Without data no upgrade is under way.",
		queries:     []query{{per("upgrade_step", ""), "step"}, {per("upgrade_steps", ""), "of"}}},
	{title: "Progress", kind: bars, unit: "percentunit", width: 4, height: 4,
		description: "Share of the phases that have ended. Phases take different times.",
		queries:     []query{{per("upgrade_progress_ratio", ""), "phases"}}},
	{title: "Time left", kind: number, unit: "s", width: 3, height: 4,
		description: "Until the estimated end of the run, from the last run of its kind. Negative: the run is slower than that one.",
		queries:     []query{{per("upgrade_estimated_completion_timestamp_seconds", "") + " - time()", "left"}}},
}}

var instanceNeeds = row{"What it waits for and needs", []panel{
	{title: "Waits for", kind: name, unit: "none", width: 5, height: 4,
		description: "The reason of the condition Ready while the Superset waits. Its message has the cause.",
		queries:     []query{{per("upgrade_blocked", ", reason"), "{{reason}}"}}},
	{title: "Needs somebody", kind: name, unit: "none", width: 5, height: 4,
		description: "The reason of the condition Stalled or AwaitingApproval. Its message has the command.",
		queries:     []query{{per("action_required", ", reason"), "{{reason}}"}}},
	{title: "Failure", kind: name, unit: "none", width: 5, height: 4,
		description: "The phase that failed, and why, in Failed and RolledBack.",
		queries:     []query{{per("upgrade_failed", ", phase, reason"), "{{phase}}: {{reason}}"}}},
	{title: "Checks", kind: number, unit: "none", width: 4, height: 4,
		description: "Checks of the last Verify by result. status.upgrade.checks has the details.",
		queries:     []query{{per("upgrade_checks", ", result"), "{{result}}"}}},
	{title: "Supported", kind: number, unit: "none", width: 2, height: 4, values: yes,
		description: "Whether this operator release supports the version that spec asks for.",
		queries:     []query{{per("version_supported", ""), "supported"}}},
	{title: "Schema in sync", kind: number, unit: "none", width: 3, height: 4, values: yes,
		description: "Whether the schema of the database is that of the running release.",
		queries:     []query{{per("schema_in_sync", ""), "in sync"}}},
}}

var instancePhases = row{"Phases", []panel{
	{title: "Phase", kind: timeline, unit: "none", width: 24, height: 5, values: phaseValues,
		description: "The phases over time. Phases that are shorter than the interval of the scrapes may be missing; status.history has each.",
		queries:     []query{{phaseNumber, "{{namespace}}/{{name}}"}}},
	{title: "Gates", kind: timeline, unit: "none", width: 24, height: 5, values: map[string]value{"0": {"open", good}, "1": {"closed", "orange"}},
		description: "When the Superset has waited at a gate or was paused.",
		queries:     []query{{per("upgrade_gate", ", gate"), "{{gate}}"}}},
	{title: "Age of the phase", kind: graph, unit: "s", width: 12, height: 8,
		description: "How long the current phase of a run has lasted. Each peak is the duration of a phase: compare it with the earlier ones.",
		queries: []query{{`(time() - ` + per("upgrade_phase_start_timestamp_seconds", "") + `) * on (namespace, name) group_right () (` +
			per("upgrade_phase", ", phase", `phase!~"`+resting+`"`) + ` == 1)`, "{{phase}}"}}},
	{title: "Working time of the phases of all Supersets, p95", kind: bars, unit: "s", width: 12, height: 8,
		description: "For comparison: the phases that have ended in the selected time, without gates and pauses." + ofAll,
		queries:     []query{{`histogram_quantile(0.95, sum by (le, phase) (rate(superset_operator_upgrade_phase_working_seconds_bucket[$__range])))`, "{{phase}}"}}},
}}

var instanceTiers = row{"Tiers", []panel{
	tier("Web", "web", "Users are served while at least one is ready."),
	tier("Workers", "worker", ""),
	tier("Scheduler", "scheduler", "Never more than one: two of them send each report twice."),
	{title: "Pods that are not ready", kind: graph, unit: "none", width: 24, height: 6,
		description: "Pods of each tier that start, end or fail.",
		queries: []query{{"sum by (tier) (" + per("tier_pods", ", tier, version") + ") - sum by (tier) (" + per("tier_ready_pods", ", tier, version") + ")",
			"{{tier}}"}}},
}}

// tier shows the pods of a tier by version.
func tier(title, label, note string) panel {
	match := `tier="` + label + `"`
	return panel{title: title, kind: graph, unit: "none", width: 8, height: 8,
		description: "Pods by version, terminating ones included, and those that are ready. " + note,
		queries: []query{
			{per("tier_pods", ", version", match), "{{version}}"},
			{per("tier_ready_pods", ", version", match), "{{version}} ready"},
		}}
}

var instanceDatabase = row{"Database", []panel{
	{title: "Pending migrations", kind: number, unit: "none", width: 6, height: 4,
		description: "Schema revisions that the current or the last run has found pending.",
		queries:     []query{{per("upgrade_pending_migrations", ""), "revisions"}}},
	{title: "Age of the newest backup", kind: number, unit: "s", width: 6, height: 4,
		description: "Age of the newest stored backup. Without data there is none.",
		queries:     []query{{"time() - " + per("last_backup_timestamp_seconds", ""), "age"}}},
	{title: "Size of the newest backup", kind: graph, unit: "bytes", width: 6, height: 4,
		description: "Size of the dump. One that is far smaller than the one before is suspicious.",
		queries:     []query{{per("last_backup_size_bytes", ""), "size"}}},
	{title: "Migrated without its backup", kind: number, unit: "none", width: 6, height: 4, bad: 1,
		description: "1 if the run has migrated the database without the backup that its plan has. Without data the plan has no backup.",
		queries:     []query{{per("upgrade_backup_missing", ""), "missing"}}},
}}
