// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// announce records one event for a move that was persisted, and one for a
// rollback token that was refused. The reason is that of the condition; the
// related object is the Job or component that the move is about.
func (r *SupersetReconciler) announce(s *v1alpha1.Superset, w *world, d *lifecycle.Decision, from v1alpha1.Phase) {
	if d.Refused != "" {
		r.Events.Eventf(s, nil, corev1.EventTypeWarning, v1alpha1.ReasonRollbackRefused, "Rollback", "%s", d.Refused)
	}
	if d.Move == "" {
		return
	}
	kind := corev1.EventTypeNormal
	if d.Failed {
		kind = corev1.EventTypeWarning
	}
	r.Events.Eventf(s, related(w, from), kind, eventReason(s, d), string(d.Move), "%s", eventNote(s, d, from))
}

// eventReason is the failure's own reason, or the phase that was entered.
func eventReason(s *v1alpha1.Superset, d *lifecycle.Decision) string {
	if d.Reason != "" && (d.Failed || d.Move == lifecycle.RollBack || d.Move == lifecycle.FallBack || d.Move == lifecycle.NextClass) {
		return d.Reason
	}
	return string(s.Status.Phase)
}

// maxNote is what the API server takes for an event's note: bytes.
const maxNote = 1024

func eventNote(s *v1alpha1.Superset, d *lifecycle.Decision, from v1alpha1.Phase) string {
	u := s.Status.Upgrade
	note := fmt.Sprintf("%s to %s, %s", u.Kind, u.To, phaseMessage(s.Status.Phase, u))
	switch s.Status.Phase {
	case v1alpha1.PhaseReady:
		note = fmt.Sprintf("version %s runs and was verified", s.Status.Version)
	case v1alpha1.PhaseRolledBack:
		note = "the earlier release runs again"
	default:
	}
	if d.Message != "" {
		note = fmt.Sprintf("%s: %s", from, d.Message)
	}
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote], "") // half a character would be sent as three bytes
	}
	return note
}

// related is the Job that the phase which was left waited for, or the
// component that it upgraded; nil when there is none.
func related(w *world, from v1alpha1.Phase) runtime.Object {
	scripts := map[v1alpha1.Phase]migrations.Script{
		v1alpha1.PhaseValidate:  migrations.Preflight,
		v1alpha1.PhaseDBMigrate: migrations.Migrate,
		v1alpha1.PhaseVerify:    migrations.Verify,
	}
	if script, ok := scripts[from]; ok {
		if job := migrations.Newest(script, w.Status.UpgradeRevision, w.jobs); job != nil {
			return job
		}
		return nil
	}
	tiers := map[v1alpha1.Phase]int{
		v1alpha1.PhaseUpgradeScheduler: lifecycle.Scheduler,
		v1alpha1.PhaseUpgradeWorkers:   lifecycle.Worker,
		v1alpha1.PhaseUpgradeWeb:       lifecycle.Web,
	}
	if tier, ok := tiers[from]; ok && w.objects[tier] != nil {
		return w.objects[tier]
	}
	return nil
}
