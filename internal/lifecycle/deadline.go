// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
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
		return orDefault(d.Scheduler, 15*time.Minute)
	case v1alpha1.PhaseUpgradeWorkers:
		return orDefault(d.Workers, 30*time.Minute)
	case v1alpha1.PhaseUpgradeWeb:
		return orDefault(d.Web, 30*time.Minute)
	case v1alpha1.PhaseVerify:
		return orDefault(d.Verify, 15*time.Minute) + s.Soak
	case v1alpha1.PhaseRollback:
		return orDefault(d.Rollback, time.Hour)
	default: // resting phases have none
		return 0
	}
}

func orDefault(d *metav1.Duration, fallback time.Duration) time.Duration {
	if d == nil {
		return fallback
	}
	return d.Duration
}

// overdue is true past the deadline. A phase whose work is done and that waits at a gate
// has no deadline.
func overdue(s *state.Snapshot) bool { return !s.PhaseDone && s.Elapsed >= deadline(s) }

// stay remains in the phase. message says what is done, and blocked what is in the way;
// empty for nothing.
func stay(s *state.Snapshot, work actions.Work, message, blocked string) Decision {
	d := Decision{Work: work, Message: message}
	if !overdue(s) {
		d.Recheck = max(deadline(s)-s.Elapsed, time.Second)
	}
	if blocked != "" {
		d.waitFor(v1alpha1.ReasonBlocked, message+": "+blocked)
	}
	return d
}
