// SPDX-License-Identifier: Apache-2.0

package metrics

const prefix = "superset_operator_"

// Names of the gauges of the state.
const (
	nameInfo       = prefix + "instance_info"
	nameSupported  = prefix + "version_supported"
	namePhase      = prefix + "upgrade_phase"
	namePhaseStart = prefix + "upgrade_phase_start_timestamp_seconds"
	nameStart      = prefix + "upgrade_start_timestamp_seconds"
	nameCompletion = prefix + "upgrade_estimated_completion_timestamp_seconds"
	nameStep       = prefix + "upgrade_step"
	nameSteps      = prefix + "upgrade_steps"
	nameProgress   = prefix + "upgrade_progress_ratio"
	nameGate       = prefix + "upgrade_gate"
	nameBlocked    = prefix + "upgrade_blocked"
	nameAction     = prefix + "action_required"
	nameInSync     = prefix + "schema_in_sync"
	nameBackupTime = prefix + "last_backup_timestamp_seconds"
	nameBackupSize = prefix + "last_backup_size_bytes"
	nameSlots      = prefix + "slots_taken"
	nameQueue      = prefix + "slots_waiting"
	nameFailed     = prefix + "upgrade_failed"
	nameChecks     = prefix + "upgrade_checks"
	namePending    = prefix + "upgrade_pending_migrations"
	nameNoBackup   = prefix + "upgrade_backup_missing"
	namePods       = prefix + "tier_pods"
	nameReadyPods  = prefix + "tier_ready_pods"
)

// Names of the counters and histograms.
const (
	nameRuns      = prefix + "upgrades_total"
	nameDuration  = prefix + "upgrade_duration_seconds"
	nameWorking   = prefix + "upgrade_phase_working_seconds"
	nameWaiting   = prefix + "upgrade_phase_waiting_seconds"
	nameRollbacks = prefix + "rollbacks_total"
	nameAttempts  = prefix + "job_attempts_total"
	nameLockTries = prefix + "migration_lock_tries_total"
	nameLockWait  = prefix + "migration_lock_wait_seconds"
	nameLockHeld  = prefix + "migration_lock_held_seconds"
)

// day in seconds.
const day = 24 * 3600

// working are the buckets of times of work: 1 second to 8 hours.
var working = []float64{1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800}

// of are the labels of one Superset, and further ones.
func of(further ...Label) []Label {
	return append([]Label{{Name: "namespace"}, {Name: "name"}}, further...)
}

// Table describes every metric of the operator: first the gauges of the state, then the
// counters and histograms.
var Table = []Metric{
	{Name: nameInfo, Type: Gauge, Labels: of(Label{Name: "version"}, Label{Name: "target_version"}),
		Help: "1 for each Superset, with the lowest running version and the version that spec asks for.",
		Use:  "Count Supersets by version. The two versions differ while an upgrade is to come, is under way, or has failed."},
	{Name: nameSupported, Type: Gauge, Labels: of(Label{Name: "version"}),
		Help: "1 if this operator release supports spec.version, otherwise 0.",
		Use:  "Alert on 0: upgrade the operator, or return to a supported version."},
	{Name: namePhase, Type: Gauge, Labels: of(Label{"phase", phases}),
		Help: "1 for the current phase of a Superset, 0 for every other phase.",
		Use:  "Draw the timeline of the phases. Alert on Failed and RolledBack."},
	{Name: namePhaseStart, Type: Gauge, Unit: "seconds since 1970", Labels: of(),
		Help: "When the current phase of a Superset began.",
		Use:  "time() minus this is the age of the phase: alert if a moving phase is old and nothing in upgrade_blocked explains it."},
	{Name: nameStart, Type: Gauge, Unit: "seconds since 1970", Labels: of(),
		Help: "When the current or the last run of a Superset began.",
		Use:  "Mark each change as an annotation in dashboards."},
	{Name: nameCompletion, Type: Gauge, Unit: "seconds since 1970", Labels: of(),
		Help: "When the current run should end, estimated from the last run of its kind; no series without an estimate.",
		Use:  "This minus time() is the time that is left. Alert if it is far below 0: the run is slower than the last one."},
	{Name: nameStep, Type: Gauge, Labels: of(),
		Help: "Number of the current phase of an upgrade, from 1; no series in a resting phase and in Rollback.",
		Use:  "Show it with upgrade_steps as step k of n."},
	{Name: nameSteps, Type: Gauge, Labels: of(),
		Help: "Number of phases of an upgrade, Ready being the last; no series where upgrade_step has none.",
		Use:  "Show it with upgrade_step as step k of n."},
	{Name: nameProgress, Type: Gauge, Unit: "ratio", Labels: of(),
		Help: "Share of the phases of an upgrade that have ended, from 0 to 1; no series where upgrade_step has none.",
		Use:  "Show it as a bar. Phases take different times: for the time that is left use the estimated completion."},
	{Name: nameGate, Type: Gauge, Labels: of(Label{"gate", gates}),
		Help: "1 while a Superset waits at a gate or is paused, otherwise 0.",
		Use:  "Alert if a gate holds a run for too long: approve it, wait for the window, or set spec.paused to false."},
	{Name: nameBlocked, Type: Gauge, Labels: of(Label{"reason", waits}),
		Help: "1 with the reason for which a Superset waits, that of its condition Ready; no series while it does not wait, and none in Failed and RolledBack.",
		Use:  "Alert by reason: Blocked, NameConflict, ReleaseMissing and Overdue need somebody soon. WaitingForSlot ends by itself; slots_waiting has the whole queue."},
	{Name: nameAction, Type: Gauge, Labels: of(Label{"reason", actions}),
		Help: "1 with the reason for which manual intervention is needed, that of the condition Stalled or AwaitingApproval; no series while it is not.",
		Use:  "Alert on it: the message of the condition has the command."},
	{Name: nameFailed, Type: Gauge, Labels: of(Label{"phase", moving}, Label{"reason", actions}),
		Help: "1 with the phase that failed and its reason, in Failed and RolledBack; no series in other phases, and after a rollback that was asked for.",
		Use:  "Alert on it. The phase Rollback means that the rollback itself failed; after Validate nothing was changed."},
	{Name: nameChecks, Type: Gauge, Labels: of(Label{"result", checks}),
		Help: "Number of checks of the last Verify of the current or the last run, by result; no series before it.",
		Use:  "Show both. status.upgrade.checks has the detail of each check."},
	{Name: namePending, Type: Gauge, Labels: of(),
		Help: "Number of schema revisions that the current or the last run found pending.",
		Use:  "Show it next to the time of DBMigrate: more revisions take longer."},
	{Name: nameNoBackup, Type: Gauge, Labels: of(),
		Help: "1 if the current or the last run has migrated the database without the backup that its plan has, otherwise 0; no series without a backup in the plan.",
		Use:  "Alert on 1: do not roll back by Restore, and report it with the status of the Superset."},
	{Name: nameInSync, Type: Gauge, Labels: of(),
		Help: "1 if the schema of the database is that of the running release, otherwise 0; no series until the database was read.",
		Use:  "Alert on 0 in a resting phase: the schema is ahead after a rollback, or partially migrated."},
	{Name: nameBackupTime, Type: Gauge, Unit: "seconds since 1970", Labels: of(),
		Help: "When the newest stored backup was taken; no series without one.",
		Use:  "Show its age. The operator takes backups before migrations only: they do not replace regular backups."},
	{Name: nameBackupSize, Type: Gauge, Unit: "bytes", Labels: of(),
		Help: "Size of the newest stored backup; no series without one, and if a command of the user took it.",
		Use:  "Compare it with the free space of the claim. A backup far smaller than the one before is suspicious."},
	{Name: namePods, Type: Gauge, Labels: of(Label{"tier", tiers}, Label{Name: "version"}),
		Help: "Number of pods of a tier by version, terminating ones included; no series for a version without pods.",
		Use:  "Show how an upgrade replaces the pods of each tier. Alert if the scheduler has more than one: reports and alerts of Superset are sent twice."},
	{Name: nameReadyPods, Type: Gauge, Labels: of(Label{"tier", tiers}, Label{Name: "version"}),
		Help: "Number of pods of a tier by version that are ready and not terminating; no series for a version without pods.",
		Use:  "Compare it with tier_pods: the difference are pods that start, end or fail."},
	{Name: nameSlots, Type: Gauge, Labels: []Label{{"slot", slots}},
		Help: "Number of Supersets whose runs take a slot.",
		Use:  "Compare it with the flags -max-rollouts and -max-upgrades, which limit it."},
	{Name: nameQueue, Type: Gauge, Labels: []Label{{"slot", slots}},
		Help: "Number of Supersets whose next run waits for a slot; 0 in a standby.",
		Use:  "After an update of the operator: how many Supersets it still has to roll out. Alert if it does not fall: a run that does not end keeps its slot."},

	{Name: nameRuns, Type: Counter, Labels: []Label{{"kind", kinds}, {"result", results}},
		Help: "Ended runs, by kind and result. A run that goes on after Failed counts again when it ends.",
		Use:  "The share of Succeeded is the success rate of upgrades."},
	{Name: nameDuration, Type: Histogram, Unit: "seconds", Labels: []Label{{"kind", kinds}, {"result", results}},
		Help: "Time from the begin to the end of a run, with all waiting.", Buckets: append(working[2:len(working):len(working)], day, 2*day, 7*day),
		Use: "Take p50 and p95 of Succeeded as the time to upgrade."},
	{Name: nameWorking, Type: Histogram, Unit: "seconds", Labels: []Label{{"phase", moving}}, Buckets: working,
		Help: "Working time of an ended phase: without gates and pauses, and for a phase with Jobs without the times in which no operator ran.",
		Use:  "Take p95 per phase to set spec.upgrade.deadlines, and compare one upgrade with the others."},
	{Name: nameWaiting, Type: Histogram, Unit: "seconds", Labels: []Label{{"phase", moving}},
		Buckets: []float64{0, 60, 300, 900, 3600, 4 * 3600, 8 * 3600, day, 2 * day, 7 * day},
		Help:    "Waiting time of an ended phase: its time without its working time.",
		Use:     "A large share of an upgrade here is spent on approvals, windows and pauses, not on the upgrade itself."},
	{Name: nameRollbacks, Type: Counter, Labels: []Label{{"trigger", triggers}, {"class", classes}},
		Help: "Started rollbacks, by trigger and class; a rollback that continues with the next class counts again.",
		Use:  "Alert on an increase with trigger Failure. Restore loses data: read the history of the Superset."},
	{Name: nameAttempts, Type: Counter, Labels: []Label{{"script", scripts}, {"reason", attempts}},
		Help: "Ended attempts of Jobs, by script and by the reason of their failure, or Succeeded, or ResultLost.",
		Use:  "Look for reasons that repeat, such as DatabaseUnreachable or LockTimeout: each costs time in every upgrade."},
	{Name: nameLockTries, Type: Counter,
		Help: "Attempts of migrations under live traffic to lock all tables.",
		Use:  "Many tries per migration mean long transactions: migrate at a quieter time."},
	{Name: nameLockWait, Type: Histogram, Unit: "seconds", Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300},
		Help: "Time until a migration under live traffic had locked all tables, or was aborted.",
		Use:  "Long waits mean that other sessions hold locks; they do not block users."},
	{Name: nameLockHeld, Type: Histogram, Unit: "seconds", Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
		Help: "Time for which a migration under live traffic held the table locks.",
		Use:  "Requests of users wait that long: compare it with spec.upgrade.maxLockTime."},
}
