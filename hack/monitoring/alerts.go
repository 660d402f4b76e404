// SPDX-License-Identifier: Apache-2.0

package main

// Severities of alerts, as in the rules of Kubernetes itself.
const (
	// critical: users are, or may soon be, without service or data. Somebody is needed now.
	critical = "critical"
	// warning: somebody is needed soon.
	warning = "warning"
	// info: to be known, not to be woken by.
	info = "info"
)

// alert is one rule.
type alert struct {
	name, expr string
	// lasts is how long the expression must hold, such as 15m.
	lasts    string
	severity string
	// summary is a fragment for lists, and description says what to do.
	summary, description string
}

// runbooks is where the runbook of each alert is.
const runbooks = "https://github.com/superset-operator/superset-operator/blob/main/docs/runbooks/"

// show is the command that each description ends with.
const show = ` Run: kubectl get superset -n {{ $labels.namespace }} {{ $labels.name }} -o wide`

// inPhase is 1 for the Supersets in a phase.
func inPhase(phase string) string {
	return `max by (namespace, name) (superset_operator_upgrade_phase{phase="` + phase + `"}) == 1`
}

// ofOperator are the replicas of the operator. Other operators have metrics of the same names.
const ofOperator = ` and on (job, instance) superset_operator_slots_taken`

// moving are the Supersets with a run under way, with their phase.
const moving = `max by (namespace, name, phase) (superset_operator_upgrade_phase{phase!~"` + resting + `"}) == 1`

// alerts of Supersets, then those of the operator.
var alerts = []alert{
	{"SupersetUpgradeStuck",
		`(time() - max by (namespace, name) (superset_operator_upgrade_phase_start_timestamp_seconds) > 3 * 3600 or max by (namespace, name) (superset_operator_upgrade_blocked{reason="Overdue"}) == 1)
  * on (namespace, name) group_right () (` + moving + `)
  unless on (namespace, name) max by (namespace, name) (superset_operator_upgrade_gate) == 1`,
		"5m", critical,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} is stuck in {{ $labels.phase }}.",
		"The phase {{ $labels.phase }} has lasted for more than three hours without a gate that holds it, or is past its deadline and is not aborted because it changes the database." + show},
	{"SupersetUpgradeBlocked",
		`max by (namespace, name, reason) (superset_operator_upgrade_blocked{reason=~"Blocked|NameConflict|ReleaseMissing|ReconcileError"}) == 1`,
		"15m", warning,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} waits for something that does not end by itself: {{ $labels.reason }}.",
		"The message of the condition Ready has the cause and what to do." + show},
	{"SupersetUpgradeWaiting",
		`max by (namespace, name, gate) (superset_operator_upgrade_gate{gate=~"AwaitingApproval|Paused"}) == 1`,
		"24h", info,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} has waited for a day: {{ $labels.gate }}.",
		"It waits for an approval, for the acceptance of a data loss, or for spec.paused to be false. The message of the condition has the command." + show},
	{"SupersetUpgradeOutsideWindow",
		`max by (namespace, name) (superset_operator_upgrade_gate{gate="OutsideWindow"}) == 1`,
		"8d", info,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} has waited for a maintenance window for eight days.",
		"None of the windows in spec.upgrade.windows has opened long enough for the upgrade to begin." + show},
	{"SupersetUpgradesQueued",
		`max by (slot) (superset_operator_slots_waiting) > 0
  and on (slot) max by (slot) (superset_operator_slots_waiting) >= max by (slot) (superset_operator_slots_waiting offset 1d)
  and on (slot) max by (slot) (superset_operator_slots_waiting offset 1d) > 0`,
		"1h", warning,
		"{{ $value }} Supersets wait for a slot of {{ $labels.slot }}, no fewer than a day ago.",
		"A run that does not end keeps its slot, or the limit is too low for so many changes. Run: kubectl get supersets -A -o wide"},
	{"SupersetUpgradeSlow",
		`time() - max by (namespace, name) (superset_operator_upgrade_estimated_completion_timestamp_seconds) > 600
  and on (namespace, name) time() - max by (namespace, name) (superset_operator_upgrade_estimated_completion_timestamp_seconds)
    > max by (namespace, name) (superset_operator_upgrade_estimated_completion_timestamp_seconds) - max by (namespace, name) (superset_operator_upgrade_start_timestamp_seconds)
  unless on (namespace, name) max by (namespace, name) (superset_operator_upgrade_gate) == 1`,
		"5m", warning,
		"The upgrade of Superset {{ $labels.namespace }}/{{ $labels.name }} takes more than twice as long as estimated.",
		"The estimate comes from the last run of its kind. The run is {{ $value | humanizeDuration }} late." + show},
	{"SupersetUpgradeFailed",
		`max by (namespace, name, phase, reason) (superset_operator_upgrade_failed{phase="Validate"}) == 1 and on (namespace, name) ` + inPhase("Failed"),
		"1m", warning,
		"The upgrade of Superset {{ $labels.namespace }}/{{ $labels.name }} was refused in Validate: {{ $labels.reason }}.",
		"Nothing was changed: what ran before serves. The message of the condition Stalled has the cause and the commands." + show},
	{"SupersetUpgradeFailed",
		`max by (namespace, name, phase, reason) (superset_operator_upgrade_failed{phase!~"Validate|Rollback"}) == 1 and on (namespace, name) ` + inPhase("Failed"),
		"1m", critical,
		"The upgrade of Superset {{ $labels.namespace }}/{{ $labels.name }} has failed in {{ $labels.phase }}: {{ $labels.reason }}.",
		"It was not rolled back. The message of the condition Stalled has the cause and the commands." + show},
	{"SupersetUpgradeRolledBack",
		`max by (namespace, name, phase, reason) (superset_operator_upgrade_failed) == 1 and on (namespace, name) ` + inPhase("RolledBack"),
		"1m", warning,
		"The upgrade of Superset {{ $labels.namespace }}/{{ $labels.name }} has failed in {{ $labels.phase }} and was rolled back: {{ $labels.reason }}.",
		"The previous release serves. The failed one is not tried again until spec changes or a retry is requested." + show},
	{"SupersetRollbackFailed",
		`max by (namespace, name, phase, reason) (superset_operator_upgrade_failed{phase="Rollback"}) == 1 and on (namespace, name) ` + inPhase("Failed"),
		"1m", critical,
		"The rollback of Superset {{ $labels.namespace }}/{{ $labels.name }} has failed: {{ $labels.reason }}.",
		"Users may have no service. The message of the condition Stalled has the cause and the commands." + show},
	{"SupersetMigratedWithoutBackup",
		`max by (namespace, name) (superset_operator_upgrade_backup_missing) == 1`,
		"1m", critical,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} was migrated without the backup that its plan has.",
		"This run cannot be rolled back by Restore. Take a backup of the database now, and report it: it is a fault of the operator." + show},
	{"SupersetSchemaOutOfSync",
		`max by (namespace, name) (superset_operator_schema_in_sync) == 0 and on (namespace, name) max by (namespace, name) (superset_operator_upgrade_phase{phase=~"` + resting + `"}) == 1`,
		"1h", warning,
		"The schema of Superset {{ $labels.namespace }}/{{ $labels.name }} is not that of the running release.",
		"It is newer after a rollback of class Image, or partially migrated. The condition SchemaInSync says which." + show},
	{"SupersetTwoSchedulers",
		`sum by (namespace, name) (max by (namespace, name, version) (superset_operator_tier_pods{tier="scheduler"})) > 1`,
		"5m", critical,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} has {{ $value }} pods of the scheduler.",
		"Two schedulers send each report and alert twice. Terminating pods count: one on a node that does not answer may still run. Run: kubectl get pods -n {{ $labels.namespace }} -l app.kubernetes.io/instance={{ $labels.name }},app.kubernetes.io/component=scheduler -o wide"},
	{"SupersetPodsNotReady",
		`max by (namespace, name) (superset_operator_upgrade_blocked{reason="TierNotReady"}) == 1`,
		"15m", warning,
		"Pods of Superset {{ $labels.namespace }}/{{ $labels.name }} are not ready.",
		"No upgrade is under way. The message of the condition Ready names the tier." + show},
	{"SupersetWorkersNotConsuming",
		`(max by (namespace, name) (superset_celery_workers) == 0
  and on (namespace, name) (sum by (namespace, name) (max by (namespace, name, version) (superset_operator_tier_pods{tier="worker"})) > 0
    or sum by (namespace, name) (max by (namespace, name, queue) (superset_celery_queue_length)) > 0))
  unless on (namespace, name) max by (namespace, name) (superset_operator_upgrade_phase{phase!~"` + resting + `"}) == 1`,
		"10m", critical,
		"No worker of Superset {{ $labels.namespace }}/{{ $labels.name }} answers on the Celery broker.",
		"There are pods of workers, or tasks wait in a queue. SQL Lab queries, reports and alerts of Superset do not run. Run: kubectl get pods -n {{ $labels.namespace }} -l app.kubernetes.io/instance={{ $labels.name }},app.kubernetes.io/component=worker -o wide"},
	{"SupersetVersionUnsupported",
		`max by (namespace, name, version) (superset_operator_version_supported) == 0`,
		"15m", warning,
		"Superset {{ $labels.namespace }}/{{ $labels.name }} asks for version {{ $labels.version }}, which this operator release does not support.",
		"Upgrade the operator, or set spec.version to a supported version: the condition VersionSupported has the range." + show},

	{"SupersetOperatorDown",
		`absent(superset_operator_slots_taken)`,
		"10m", critical,
		"Prometheus gets no metrics from the operator.",
		"No Superset is upgraded, rolled back or repaired meanwhile; what runs goes on. Run: kubectl get pods -n superset-operator-system"},
	{"SupersetOperatorNotReconciling",
		`sum by (job) (leader_election_master_status{name="superset-operator.dev"} and on (job, instance) superset_operator_slots_taken) < 1
  or max by (job) (workqueue_longest_running_processor_seconds` + ofOperator + `) > 600
  or sum by (job) (workqueue_depth` + ofOperator + `) > 0 unless sum by (job) (rate(controller_runtime_reconcile_total[10m])` + ofOperator + `) > 0`,
		"10m", critical,
		"The operator does not reconcile.",
		"It has no leader, a reconcile hangs, or objects wait in the queue and none is reconciled. Run: kubectl logs -n superset-operator-system deployment/superset-operator --tail=100"},
	{"SupersetOperatorErrors",
		`sum by (job, controller) (rate(controller_runtime_reconcile_errors_total[10m])` + ofOperator + `) > 0`,
		"15m", warning,
		"Reconciles of the controller {{ $labels.controller }} end with errors.",
		"They are tried again. Run: kubectl logs -n superset-operator-system deployment/superset-operator | grep '\"level\":\"error\"'"},
}
