// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// endPhase records how long the phase under way took.
func (n *draft) endPhase() {
	if n.Upgrade == nil || len(n.Upgrade.Phases) == 0 {
		return
	}
	last := &n.Upgrade.Phases[len(n.Upgrade.Phases)-1]
	if last.Seconds == nil {
		took := int64(n.now.Sub(last.StartedAt.Time) / time.Second)
		last.Seconds = &took
	}
}

// maxPhases bounds the phases that a run records.
const maxPhases = 16

// enter records that a phase begins; a resting one ends the run.
func (n *draft) enter(next v1alpha1.Phase) {
	n.Phase, n.PhaseSince, n.Upgrade.Jobs = next, &n.now, nil
	n.startClock(next)
	n.Upgrade.Step = stepOf(next, n.Upgrade.Step)
	switch {
	case n.d.Moves(Accept): // the run has its line in the history already
		return
	case state.Resting(next):
		n.record(n.result(next))
		return
	}
	n.Upgrade.Phases = append(n.Upgrade.Phases, v1alpha1.PhaseRecord{Phase: next, StartedAt: n.now})
	n.Upgrade.Phases = n.Upgrade.Phases[max(0, len(n.Upgrade.Phases)-maxPhases):]
}

// stepOf is where a phase is among those of an upgrade, Ready being the last one; a phase
// that is not among them keeps the last step.
func stepOf(p v1alpha1.Phase, last string) string {
	i := slices.Index(state.UpgradeOrder, p)
	if p == v1alpha1.PhaseReady {
		i = len(state.UpgradeOrder)
	}
	if i < 0 {
		return last
	}
	return fmt.Sprintf("%d/%d", i+1, len(state.UpgradeOrder)+1)
}

// results is how a run ended, by its resting phase.
var results = map[v1alpha1.Phase]v1alpha1.Result{
	v1alpha1.PhaseReady:      v1alpha1.ResultSucceeded,
	v1alpha1.PhaseRolledBack: v1alpha1.ResultRolledBack,
	v1alpha1.PhaseFailed:     v1alpha1.ResultFailed,
}

// result is how the run ended. An upgrade that was rolled back has not succeeded, even if
// spec asks for the release that was put back.
func (n *draft) result(next v1alpha1.Phase) v1alpha1.Result {
	if n.d.Moves(Reverted) && n.Upgrade.Kind != v1alpha1.KindRollback {
		return v1alpha1.ResultRolledBack
	}
	return results[next]
}

// record writes a line of history. A run that goes on after Failed keeps one line: its
// last.
func (n *draft) record(result v1alpha1.Result) {
	run := n.Upgrade
	if run == nil {
		return
	}
	// Two runs may begin in one second, but not to the same release.
	again := len(n.History) > 0 && n.History[0].StartedAt.Equal(&run.StartedAt) && n.History[0].Release == run.ToRelease
	if result == v1alpha1.ResultSuperseded && (again || state.Resting(n.Phase)) {
		return // it ended before
	}
	line := v1alpha1.HistoryEntry{
		Revision: n.UpgradeRevision, Release: run.ToRelease, Kind: run.Kind, From: run.From, To: run.To,
		Result: result, StartedAt: run.StartedAt, FinishedAt: n.now, Phases: durations(run.Phases),
	}
	details(&line, run)
	if again {
		n.History[0] = line
	} else {
		n.History = slices.Insert(n.History, 0, line)
	}
	n.History = n.History[:min(n.historyLimit, len(n.History))]
	for len(n.History) > 1 && jsonSize(n.History) > maxHistory {
		n.History = n.History[:len(n.History)-1]
	}
}

// maxHistory bounds the history: bytes of JSON.
const maxHistory = 3 << 10

// details are the parts of a line that not every run has.
func details(line *v1alpha1.HistoryEntry, run *v1alpha1.UpgradeStatus) {
	line.Backup, line.Approval = run.Backup, run.Approval
	if run.Failure != nil {
		line.Reason = run.Failure.Reason
	}
	if run.Rollback != nil {
		line.Rollback = run.Rollback.Class
	}
	if l := run.Locks; l != nil {
		line.Locks = fmt.Sprintf("%d tries, waited %s, held %s", l.Tries, l.Waited.Duration, l.Held.Duration)
	}
}

// durations is a line such as "Validate 14s, DBMigrate 21s". Package plan reads it for
// its estimates.
func durations(phases []v1alpha1.PhaseRecord) string {
	var parts []string
	for _, p := range phases {
		if p.Seconds != nil {
			parts = append(parts, fmt.Sprintf("%s %ds", p.Phase, *p.Seconds))
		}
	}
	return truncate(strings.Join(parts, ", "), 512)
}
