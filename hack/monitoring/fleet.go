// SPDX-License-Identifier: Apache-2.0

package main

// supersets select Supersets by namespace and name.
var supersets = []variable{
	{name: "namespace", label: "Namespace", metric: `superset_operator_instance_info`, from: "namespace"},
	{name: "name", label: "Superset", metric: `superset_operator_instance_info{namespace=~"$namespace"}`, from: "name"},
}

// ofAll is part of the descriptions of what has no label of a Superset.
const ofAll = " Of all Supersets of the operator, whatever is selected above."

var fleet = board{
	uid: "superset-fleet", title: "Superset / Fleet",
	description: "All Supersets: versions, phases, upgrades that run, wait or are stuck, and how they end.",
	variables:   supersets, edges: true,
	rows: []row{fleetNow, fleetPhases, fleetVersions, fleetOutcomes, fleetTimes, fleetDatabase},
}

var fleetNow = row{"Now", []panel{
	{title: "Supersets", kind: number, unit: "none", width: 3, height: 4,
		description: "Number of Supersets.",
		queries:     []query{{countOf(per("instance_info", "")), "Supersets"}}},
	{title: "Running", kind: number, unit: "none", width: 3, height: 4,
		description: "Supersets with a run under way: an install, an upgrade, a config change or a rollback.",
		queries:     []query{{countOf(per("upgrade_phase", "", `phase!~"`+resting+`"`) + " == 1"), "running"}}},
	{title: "Waiting at a gate", kind: number, unit: "none", width: 3, height: 4,
		description: "Supersets that wait for an approval or a maintenance window, or are paused. The table below has the reasons.",
		queries:     []query{{countOf(per("upgrade_gate", "") + " == 1"), "waiting"}}},
	{title: "Stuck", kind: number, unit: "none", width: 3, height: 4, bad: 1,
		description: "Supersets that wait for something that does not end by itself: something is blocked, overdue or missing, or an error repeats.",
		queries:     []query{{countOf(per("upgrade_blocked", "", `reason=~"`+stuckFor+`"`)), "stuck"}}},
	{title: "Need somebody", kind: number, unit: "none", width: 3, height: 4, bad: 1,
		description: "Supersets that need manual intervention. The message of their condition Stalled or AwaitingApproval has the command.",
		queries:     []query{{countOf(per("action_required", "")), "need somebody"}}},
	{title: "Failed", kind: number, unit: "none", width: 3, height: 4, bad: 1,
		description: "Supersets in the phase Failed.",
		queries:     []query{{countOf(per("upgrade_phase", "", `phase="Failed"`) + " == 1"), "failed"}}},
	{title: "Rolled back", kind: number, unit: "none", width: 3, height: 4, bad: 1,
		description: "Supersets in the phase RolledBack: the previous release serves instead of the one that spec asks for.",
		queries:     []query{{countOf(per("upgrade_phase", "", `phase="RolledBack"`) + " == 1"), "rolled back"}}},
	{title: "Not supported", kind: number, unit: "none", width: 3, height: 4, bad: 1,
		description: "Supersets whose spec asks for a version that this operator release does not support.",
		queries:     []query{{countOf(per("version_supported", "") + " == 0"), "not supported"}}},
}}

var fleetPhases = row{"Phases", []panel{
	{title: "Phase of each Superset", kind: timeline, unit: "none", width: 24, height: 10, values: phaseValues,
		description: "The phases over time. Phases that are shorter than the interval of the scrapes may be missing; the histograms have them.",
		queries:     []query{{phaseNumber, "{{namespace}}/{{name}}"}}},
	{title: "Supersets", kind: list, unit: "none", width: 24, height: 9,
		description: "What each Superset runs and is asked to run, where it is, what it waits for and what it needs. The reasons are those of its conditions.",
		queries: []query{
			{per("instance_info", ", version, target_version"), ""},
			{per("upgrade_phase", ", phase") + " == 1", ""},
			{"time() - " + per("upgrade_phase_start_timestamp_seconds", ""), ""},
			{`max by (namespace, name, waits_for) (label_replace(superset_operator_upgrade_blocked{namespace=~"$namespace", name=~"$name"}, "waits_for", "$1", "reason", "(.*)"))`, ""},
			{`max by (namespace, name, needs) (label_replace(superset_operator_action_required{namespace=~"$namespace", name=~"$name"}, "needs", "$1", "reason", "(.*)"))`, ""},
		},
		columns: []column{
			{field: "namespace", title: "Namespace"},
			{field: "name", title: "Superset", link: "/d/superset-instance?var-datasource=${datasource}&var-namespace=${__data.fields.Namespace}&var-name=${__data.fields.Superset}&${__url_time_range}"},
			{field: "version", title: "Version"}, {field: "target_version", title: "Target"}, {field: "phase", title: "Phase"},
			{field: "Value #C", title: "Since", unit: "s"}, {field: "waits_for", title: "Waits for"}, {field: "needs", title: "Needs"},
			{field: "Value #A"}, {field: "Value #B"}, {field: "Value #D"}, {field: "Value #E"},
		}},
}}

var fleetVersions = row{"Versions", []panel{
	{title: "Supersets by running version", kind: graph, unit: "none", width: 12, height: 8, stack: true,
		description: "The lowest version that any pod of a Superset runs.",
		queries:     []query{{"count by (version) (" + per("instance_info", ", version") + ")", "{{version}}"}}},
	{title: "Supersets by phase", kind: graph, unit: "none", width: 12, height: 8, stack: true,
		description: "Number of Supersets in each phase.",
		queries:     []query{{"sum by (phase) (" + per("upgrade_phase", ", phase") + ")", "{{phase}}"}}},
}}

var fleetOutcomes = row{"How runs end", []panel{
	{title: "Success rate of upgrades", kind: number, unit: "percentunit", width: 4, height: 8,
		description: "Upgrades that have succeeded, of those that ended in the selected time. Runs that an edit has replaced are left out." + ofAll,
		queries: []query{{`sum(increase(superset_operator_upgrades_total{kind="Upgrade", result="Succeeded"}[$__range])) / sum(increase(superset_operator_upgrades_total{kind="Upgrade", result!="Superseded"}[$__range]))`,
			"succeeded"}}},
	{title: "Ended runs", kind: bars, unit: "none", width: 7, height: 8,
		description: "Ended runs in the selected time, by kind and result." + ofAll,
		queries:     []query{{`sum by (kind, result) (increase(superset_operator_upgrades_total[$__range])) > 0`, "{{kind}}: {{result}}"}}},
	{title: "Rollbacks", kind: bars, unit: "none", width: 6, height: 8,
		description: "Started rollbacks in the selected time, by trigger and class. Restore loses what was written after the backup." + ofAll,
		queries:     []query{{`sum by (trigger, class) (increase(superset_operator_rollbacks_total[$__range])) > 0`, "{{trigger}}: {{class}}"}}},
	{title: "Attempts of Jobs that failed", kind: bars, unit: "none", width: 7, height: 8,
		description: "Attempts in the selected time, by script and reason. A reason that repeats costs time in every upgrade." + ofAll,
		queries:     []query{{`sum by (script, reason) (increase(superset_operator_job_attempts_total{reason!="Succeeded"}[$__range])) > 0`, "{{script}}: {{reason}}"}}},
}}

var fleetTimes = row{"How long it takes", []panel{
	{title: "Time to upgrade", kind: number, unit: "s", width: 6, height: 8,
		description: "From the begin to the end of the upgrades that have succeeded in the selected time, with all waiting." + ofAll,
		queries: []query{
			{`histogram_quantile(0.5, sum by (le) (rate(superset_operator_upgrade_duration_seconds_bucket{kind="Upgrade", result="Succeeded"}[$__range])))`, "p50"},
			{`histogram_quantile(0.95, sum by (le) (rate(superset_operator_upgrade_duration_seconds_bucket{kind="Upgrade", result="Succeeded"}[$__range])))`, "p95"},
		}},
	{title: "Working time by phase, p95", kind: bars, unit: "s", width: 9, height: 8,
		description: "Working time of the phases that have ended in the selected time: without gates and pauses." + ofAll,
		queries:     []query{{`histogram_quantile(0.95, sum by (le, phase) (rate(superset_operator_upgrade_phase_working_seconds_bucket[$__range])))`, "{{phase}}"}}},
	{title: "Waiting time by phase", kind: bars, unit: "s", width: 9, height: 8,
		description: "Time that all runs have waited at gates and in pauses, of the phases that have ended in the selected time." + ofAll,
		queries:     []query{{`sum by (phase) (increase(superset_operator_upgrade_phase_waiting_seconds_sum[$__range]))`, "{{phase}}"}}},
}}

var fleetDatabase = row{"Database and slots", []panel{
	{title: "Age of the newest backup", kind: bars, unit: "s", width: 8, height: 8,
		description: "Age of the newest backup that the operator has stored. It takes backups before migrations only.",
		queries:     []query{{"time() - " + per("last_backup_timestamp_seconds", ""), "{{namespace}}/{{name}}"}}},
	{title: "Table locks of migrations, p95", kind: bars, unit: "s", width: 5, height: 8,
		description: "Migrations under live traffic in the selected time: how long they waited for the table locks, and how long they held them. Users wait while they are held." + ofAll,
		queries: []query{
			{`histogram_quantile(0.95, sum by (le) (rate(superset_operator_migration_lock_wait_seconds_bucket[$__range])))`, "waited"},
			{`histogram_quantile(0.95, sum by (le) (rate(superset_operator_migration_lock_held_seconds_bucket[$__range])))`, "held"},
		}},
	{title: "Attempts to lock the tables", kind: number, unit: "none", width: 3, height: 8,
		description: "Attempts in the selected time. Many of them mean long transactions of others." + ofAll,
		queries:     []query{{`sum(increase(superset_operator_migration_lock_tries_total[$__range]))`, "attempts"}}},
	{title: "Slots", kind: graph, unit: "none", width: 8, height: 8,
		description: "Supersets that take a slot, and Supersets whose next run waits for one, by kind of slot." + ofAll,
		queries: []query{
			{`max by (slot) (superset_operator_slots_taken)`, "{{slot}}: taken"},
			{`max by (slot) (superset_operator_slots_waiting)`, "{{slot}}: waiting"},
		}},
}}
