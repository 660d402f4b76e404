// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// record writes a line of history. A run that ended in Failed and went on from
// there keeps one line: its last.
func (s *draft) record(result v1alpha1.Result) {
	run := s.Upgrade
	if run == nil {
		return
	}
	// Two runs may begin in one second, but not towards one release.
	again := len(s.History) > 0 && s.History[0].StartedAt.Equal(&run.StartedAt) && s.History[0].Release == run.ToRelease
	if result == v1alpha1.ResultSuperseded && (again || resting(s.Phase)) {
		return // it ended before
	}
	line := v1alpha1.HistoryEntry{
		Revision: s.UpgradeRevision, Release: run.ToRelease, Kind: run.Kind, From: run.From, To: run.To,
		Result: result, StartedAt: run.StartedAt, FinishedAt: s.now, Phases: durations(run.Phases),
	}
	details(&line, run)
	if again {
		s.History[0] = line
	} else {
		s.History = slices.Insert(s.History, 0, line)
	}
	s.History = s.History[:min(s.historyLimit, len(s.History))]
	for len(s.History) > 1 && sizeOf(s.History) > maxHistory {
		s.History = s.History[:len(s.History)-1]
	}
}

// maxHistory bounds history, so that status stays small: bytes of JSON.
const maxHistory = 3 << 10

// details are what some runs have to tell and others have not.
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

// durations is a line such as "Validate 14s, DBMigrate 21s".
func durations(phases []v1alpha1.PhaseRecord) string {
	var parts []string
	for _, p := range phases {
		if p.Seconds != nil {
			parts = append(parts, fmt.Sprintf("%s %ds", p.Phase, *p.Seconds))
		}
	}
	return truncate(strings.Join(parts, ", "), 512)
}

// lastTook is how long each phase of the newest run of a kind that succeeded
// took, in seconds: durations read back. Nil when there was none.
func lastTook(history []v1alpha1.HistoryEntry, kind v1alpha1.UpgradeKind) map[v1alpha1.Phase]int64 {
	for i := range history {
		if history[i].Kind != kind || history[i].Result != v1alpha1.ResultSucceeded {
			continue
		}
		took := map[v1alpha1.Phase]int64{}
		for part := range strings.SplitSeq(history[i].Phases, ", ") {
			var phase string
			var seconds int64
			if _, err := fmt.Sscanf(part, "%s %ds", &phase, &seconds); err == nil {
				took[v1alpha1.Phase(phase)] += seconds
			}
		}
		return took
	}
	return nil
}
