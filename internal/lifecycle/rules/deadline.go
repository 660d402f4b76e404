// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// deadline is how long the phase may take: the value of spec, or the default that the
// API documents.
func deadline(s *state.Snapshot) time.Duration {
	d := s.Policy.Deadlines
	switch s.Phase {
	case v1alpha1.PhaseValidate:
		if plan.RehearsalAsked(s) { // the copy may be large
			return orDefault(d.Validate, 2*time.Hour)
		}
		return orDefault(d.Validate, 15*time.Minute)
	case v1alpha1.PhaseDBMigrate:
		return orDefault(d.Migrate, time.Hour)
	case v1alpha1.PhaseUpgradeScheduler:
		return TierDeadline(d, state.Scheduler)
	case v1alpha1.PhaseUpgradeWorkers:
		return TierDeadline(d, state.Worker)
	case v1alpha1.PhaseUpgradeWeb:
		return TierDeadline(d, state.Web)
	case v1alpha1.PhaseVerify:
		return orDefault(d.Verify, 15*time.Minute) + s.Soak
	case v1alpha1.PhaseRollback:
		return orDefault(d.Rollback, time.Hour)
	default: // resting phases have none
		return 0
	}
}

// TierDeadline is how long a tier may go without progress.
func TierDeadline(d v1alpha1.Deadlines, tier int) time.Duration {
	switch tier {
	case state.Scheduler:
		return orDefault(d.Scheduler, 15*time.Minute)
	case state.Worker:
		return orDefault(d.Workers, 30*time.Minute)
	default:
		return orDefault(d.Web, 30*time.Minute)
	}
}

func orDefault(d *metav1.Duration, fallback time.Duration) time.Duration {
	if d == nil {
		return fallback
	}
	return d.Duration
}

// spent is what a phase has used of its deadline. Jobs count by their working time, tiers
// by the time without progress, whatever a rollout takes.
func spent(s *state.Snapshot) time.Duration {
	if judgedByProgress(s.Phase) {
		return s.Idle
	}
	return s.Elapsed
}

// judgedByProgress is true for a phase that rolls tiers.
func judgedByProgress(p v1alpha1.Phase) bool {
	switch p {
	case v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseRollback:
		return true
	default:
		return false
	}
}

// overdue is true past the deadline. A phase whose work is done and that waits at a gate
// has no deadline.
func overdue(s *state.Snapshot) bool { return !s.PhaseDone && spent(s) >= deadline(s) }

// settleTime is how long a rollout that had stalled may need to go on, after a pause or
// after a time in which no operator ran.
const settleTime = 2 * time.Minute

// stalled is the tier whose rollout to the target makes no progress; -1 for none. A tier that
// an earlier run has left stalled has not had its turn.
func stalled(s *state.Snapshot) int {
	return slices.IndexFunc(s.Tiers[:], func(t state.Tier) bool {
		return t.Stalled && t.Serves() && t.Fence == s.Status.UpgradeRevision && t.Release == s.Run.ToRelease
	})
}

// settling is how long a stalled rollout is left alone: 0 where this process has seen all of
// the phase.
func settling(s *state.Snapshot) time.Duration {
	if since := s.Status.PhaseSince; since == nil || !s.Since.After(since.Time) {
		return 0
	}
	return max(0, settleTime-s.Now.Sub(s.Since))
}

// noProgress is true when the tiers of a phase make no progress.
func noProgress(s *state.Snapshot) bool {
	return overdue(s) || !s.PhaseDone && stalled(s) >= 0 && settling(s) == 0
}
