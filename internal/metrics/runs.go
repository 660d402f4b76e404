// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/lru"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Counters and histograms of what was persisted. They have no label for the object, so the
// number of series does not grow with the number of Supersets.
var (
	runs      = counter(nameRuns)
	duration  = histogram(nameDuration)
	worked    = histogram(nameWorking)
	waited    = histogram(nameWaiting)
	rollbacks = counter(nameRollbacks)
	jobs      = counter(nameAttempts)
	lockTries = counter(nameLockTries).WithLabelValues()
	lockWait  = histogram(nameLockWait).WithLabelValues()
	lockHeld  = histogram(nameLockHeld).WithLabelValues()
)

// Measure counts what has changed between two persisted statuses.
func Measure(before, after *v1alpha1.Superset, d *lifecycle.Decision, taken lifecycle.Taken) {
	measureLocks(before.Status.Upgrade, after.Status.Upgrade) // also while a gate holds the move
	measureJobs(taken.Jobs)
	notePause(before, after, taken.Now)
	if d.Kind != lifecycle.KindMove {
		return
	}
	measurePhase(before, after, taken.Worked)
	measureRun(before.Status.History, after.Status.History)
	if d.Moves(lifecycle.RollBack, lifecycle.NextClass) {
		rollbacks.WithLabelValues(trigger(d), string(d.Move.Rollback.How.Class)).Inc()
	}
}

// measurePhase observes the times of the phase that a move has ended.
func measurePhase(before, after *v1alpha1.Superset, work time.Duration) {
	pause := forgetPauses(before)
	since, until := before.Status.PhaseSince, after.Status.PhaseSince
	if since == nil || until == nil || !state.Moving(before.Status.Phase) {
		return
	}
	total := max(0, until.Sub(since.Time))
	work = min(max(0, work-pause), total)
	worked.WithLabelValues(string(before.Status.Phase)).Observe(work.Round(time.Second).Seconds())
	waited.WithLabelValues(string(before.Status.Phase)).Observe((total - work).Round(time.Second).Seconds())
}

// measureRun counts a run whose line of history is new or has changed.
func measureRun(before, after []v1alpha1.HistoryEntry) {
	if len(after) == 0 || len(before) > 0 && equality.Semantic.DeepEqual(after[0], before[0]) {
		return
	}
	kind, result := string(after[0].Kind), string(after[0].Result)
	runs.WithLabelValues(kind, result).Inc()
	duration.WithLabelValues(kind, result).Observe(after[0].FinishedAt.Sub(after[0].StartedAt.Time).Seconds())
}

// measureJobs counts ended attempts.
func measureJobs(ended []v1alpha1.JobRecord) {
	for _, job := range ended {
		reason := attemptLost
		if r, err := migrations.ParseResult(job.Result); err == nil {
			reason = attemptSucceeded
			if r.Reason != "" {
				reason = bounded(string(r.Reason), attempts)
			}
		}
		jobs.WithLabelValues(job.Script, reason).Inc()
	}
}

// measureLocks counts the table locks of a migration, once.
func measureLocks(before, after *v1alpha1.UpgradeStatus) {
	if after == nil || after.Locks == nil || before != nil && equality.Semantic.DeepEqual(before.Locks, after.Locks) {
		return
	}
	lockTries.Add(float64(after.Locks.Tries))
	lockWait.Observe(after.Locks.Waited.Seconds())
	if after.Locks.Held.Duration > 0 { // else it never held them all
		lockHeld.Observe(after.Locks.Held.Seconds())
	}
}

// trigger is what asked for a rollback.
func trigger(d *lifecycle.Decision) string {
	switch {
	case d.Move.Failed, d.Moves(lifecycle.NextClass):
		return triggerFailure
	case d.Reason == v1alpha1.ReasonSpecReverted:
		return triggerSpec
	default:
		return triggerAnnotation
	}
}

// pauses are the ended pauses of phases without Jobs, by uid: their working time in the
// status has the pauses in it. A restart forgets them.
var pauses = lru.New(maxPauses)

// maxPauses bounds the Supersets whose pauses are remembered.
const maxPauses = 1024

// notePause adds a pause that has ended in a phase that has not. A phase at a gate has no
// working time that a pause could be in.
func notePause(before, after *v1alpha1.Superset, now time.Time) {
	s := &before.Status
	pause := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionPaused)
	if pause == nil || s.PhaseSince == nil || meta.IsStatusConditionTrue(after.Status.Conditions, v1alpha1.ConditionPaused) || !rollsTier(s.Phase) || atGate(s.Upgrade) {
		return
	}
	from := pause.LastTransitionTime.Time
	if s.PhaseSince.After(from) {
		from = s.PhaseSince.Time
	}
	pauses.Add(before.UID, forgetPauses(before)+max(0, now.Sub(from)))
}

// forgetPauses is the time of the pauses in the phase of a Superset, which are forgotten.
func forgetPauses(s *v1alpha1.Superset) time.Duration {
	total, _ := pauses.Get(s.UID)
	pauses.Remove(s.UID)
	d, _ := total.(time.Duration)
	return d
}

// rollsTier is true in a phase that rolls one tier and runs no Job.
func rollsTier(p v1alpha1.Phase) bool {
	return p == v1alpha1.PhaseUpgradeScheduler || p == v1alpha1.PhaseUpgradeWorkers || p == v1alpha1.PhaseUpgradeWeb
}

// atGate is true if the work of the phase has ended, and a gate holds the move.
func atGate(run *v1alpha1.UpgradeStatus) bool {
	return run != nil && len(run.Phases) > 0 && run.Phases[len(run.Phases)-1].Seconds != nil
}
