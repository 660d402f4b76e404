// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Fold writes the working time of the phase under way into the status that follows from a
// decision. A move does that itself.
func Fold(status *v1alpha1.SupersetStatus, s *state.Snapshot, d *Decision) {
	if d.Kind == KindMove || status.Upgrade == nil || !state.Moving(s.Phase) {
		return
	}
	run := status.Upgrade
	run.WorkingSince = nil
	if Counts(s, d) {
		now := metav1.NewTime(s.Now).Rfc3339Copy()
		run.WorkingSince = &now
	}
	if s.Elapsed > 0 {
		run.Worked = &metav1.Duration{Duration: s.Elapsed.Round(time.Second)}
	}
}

// runsJobs is true for a phase that runs Jobs.
func runsJobs(p v1alpha1.Phase) bool { return len(ScriptsOf(p)) > 0 }

// Counts is true while the time of a phase counts: its Jobs work, and it waits for no
// person.
func Counts(s *state.Snapshot, d *Decision) bool {
	return runsJobs(s.Phase) && !s.Policy.Paused && !s.PhaseDone && d.Wait.Gate == "" && d.Wait.DataLoss == ""
}

// startClock begins to count the working time of a phase; a resting one has none.
func (n *draft) startClock(next v1alpha1.Phase) {
	n.Upgrade.Worked, n.Upgrade.WorkingSince = nil, nil
	if runsJobs(next) {
		n.Upgrade.WorkingSince = &n.now
	}
}
