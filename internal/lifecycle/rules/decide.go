// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Decide answers a snapshot. It is total: every snapshot has an answer.
func Decide(s *state.Snapshot) lifecycle.Decision {
	d := decidePhase(s)
	if wait, held := heldBy(s, &d); held {
		wait.Work = actions.KeepAll(s)
		d = wait
	}
	d.Work.EndJobs = s.LeftoverJobs && d.Kind != lifecycle.KindMove
	if recordsFirst(s, &d) {
		d.Work, d.Records = actions.Work{}, true
	}
	d.Tokens.Handled = handled(s, &d)
	return d
}

// rules has the rule of each phase.
var rules = map[v1alpha1.Phase]func(*state.Snapshot) lifecycle.Decision{
	v1alpha1.PhasePending:          func(*state.Snapshot) lifecycle.Decision { return move(lifecycle.Begin) },
	v1alpha1.PhaseReady:            decideReady,
	v1alpha1.PhaseRolledBack:       decideRolledBack,
	v1alpha1.PhaseFailed:           decideFailed,
	v1alpha1.PhaseValidate:         decideValidate,
	v1alpha1.PhaseDBMigrate:        decideMigrate,
	v1alpha1.PhaseUpgradeScheduler: decideScheduler,
	v1alpha1.PhaseUpgradeWorkers:   decideWorkers,
	v1alpha1.PhaseUpgradeWeb:       decideWeb,
	v1alpha1.PhaseVerify:           decideVerify,
	v1alpha1.PhaseRollback:         decideRollback,
}

func decidePhase(s *state.Snapshot) lifecycle.Decision {
	if rule, ok := rules[s.Phase]; ok {
		return rule(s)
	}
	return lifecycle.Decision{Kind: lifecycle.KindWait, Reason: v1alpha1.ReasonUnknown,
		Message: fmt.Sprintf("phase %q is unknown to this operator release; run the newer release that wrote it", s.Phase)}
}

// heldBy is what holds a decision: a pause, or the closed gate in front of a move. What runs
// goes on meanwhile: no move, no new Job, no new release.
func heldBy(s *state.Snapshot, d *lifecycle.Decision) (wait lifecycle.Decision, held bool) {
	if s.Policy.Paused && (d.Kind == lifecycle.KindMove || state.Moving(s.Phase)) {
		return lifecycle.Decision{Kind: lifecycle.KindWait, Reason: v1alpha1.ReasonPaused,
			Message: "paused before the next step; set spec.paused to false to continue"}, true
	}
	next, ok := lifecycle.Gated(d.Move.Event)
	if !ok {
		return lifecycle.Decision{}, false
	}
	g := plan.GateBefore(s, next, d.Planned)
	reason := g.Condition
	if g.DataLoss != "" {
		reason = v1alpha1.ReasonDataLossNotAccepted
	}
	return lifecycle.Decision{Kind: lifecycle.KindWait, Reason: reason, Message: g.Message, Recheck: g.Recheck, Planned: d.Planned,
		Wait: lifecycle.Wait{Gate: g.Condition, Approval: g.Approval, DataLoss: g.DataLoss}}, g.Closed()
}

// recordsFirst is true while a Job of the phase has ended that is not in the status: its pod
// may be gone at the next look. A move or a gate records it with its own write, and only
// they follow when the release is stored.
func recordsFirst(s *state.Snapshot, d *lifecycle.Decision) bool {
	if d.Kind == lifecycle.KindMove || d.Wait.Gate != "" || d.Work.Store != nil {
		return false
	}
	for _, script := range lifecycle.ScriptsOf(s.Phase) {
		p, record := s.JobOf(script), state.RecordOf(s.Status, script)
		if p.Attempt > 0 && !p.Active && (record == nil || int(record.Attempt) < p.Attempt) {
			return true
		}
	}
	return false
}
