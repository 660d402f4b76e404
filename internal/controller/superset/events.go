// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// recordEvents records one event for a persisted move, one for a refused rollback token, and one
// for Secrets that have changed.
// The reason is that of the condition; the related object is the Job or component of the
// phase.
func (r *Reconciler) recordEvents(s *v1alpha1.Superset, w *observed, d *lifecycle.Decision, from v1alpha1.Phase) {
	if d.Tokens.Refused != "" {
		r.Events.Eventf(s, nil, corev1.EventTypeWarning, v1alpha1.ReasonRollbackRefused, "Rollback", "%s", d.Tokens.Refused)
	}
	if w.Secrets.Changed != "" && !w.Secrets.Waits {
		r.Events.Eventf(s, nil, corev1.EventTypeNormal, v1alpha1.ReasonSecretChanged, "Refresh", "%s", apply.Note("Secret "+w.Secrets.Changed+" has changed: every tier is restarted"))
	}
	if d.Kind != lifecycle.KindMove {
		return
	}
	kind := corev1.EventTypeNormal
	if d.Move.Failed {
		kind = corev1.EventTypeWarning
	}
	r.Events.Eventf(s, related(w, from), kind, eventReason(s, d), string(d.Move.Event), "%s", eventNote(s, d, from))
}

// eventReason is the failure's own reason, or the phase that was entered.
func eventReason(s *v1alpha1.Superset, d *lifecycle.Decision) string {
	if d.Reason != "" && (d.Move.Failed || d.Moves(lifecycle.RollBack, lifecycle.FallBack, lifecycle.NextClass)) {
		return d.Reason
	}
	return string(s.Status.Phase)
}

func eventNote(s *v1alpha1.Superset, d *lifecycle.Decision, from v1alpha1.Phase) string {
	u := s.Status.Upgrade
	note := fmt.Sprintf("%s to %s, %s", u.Kind, u.To, report.PhaseMessage(s.Status.Phase, u))
	switch s.Status.Phase {
	case v1alpha1.PhaseReady:
		note = fmt.Sprintf("version %s is running and verified", s.Status.Version)
	case v1alpha1.PhaseRolledBack:
		note = "the previous release is running again"
	default:
	}
	if d.Message != "" {
		note = fmt.Sprintf("%s: %s", from, d.Message)
	}
	return apply.Note(note)
}

// tierOfPhase is the tier that a phase rolls.
var tierOfPhase = map[v1alpha1.Phase]int{
	v1alpha1.PhaseUpgradeScheduler: state.Scheduler,
	v1alpha1.PhaseUpgradeWorkers:   state.Worker,
	v1alpha1.PhaseUpgradeWeb:       state.Web,
}

// related is the last Job of the phase that was left, or the component of its tier; nil when
// there is none.
func related(w *observed, from v1alpha1.Phase) runtime.Object {
	for _, script := range slices.Backward(lifecycle.ScriptsOf(from)) {
		if job := migrations.Newest(script, w.Status.UpgradeRevision, w.jobs); job != nil {
			return job
		}
	}
	if tier, ok := tierOfPhase[from]; ok && w.objects[tier] != nil {
		return w.objects[tier]
	}
	return nil
}
