// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/metrics"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// record writes what a decision means for the status: one patch with an optimistic lock,
// and only if something has changed. A conflict means that the decision was made on an
// older state; it is made again. Events and metrics follow what was persisted.
func (r *Reconciler) record(ctx context.Context, s *v1alpha1.Superset, w *observed, d *lifecycle.Decision) error {
	status, err := nextStatus(s, w, d)
	if err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(*status, s.Status) {
		return nil
	}
	// What the phase has taken is read first: the observation shares the status.
	before, taken := s.DeepCopy(), lifecycle.TakenBy(state.Of(&w.Observation), d, status)
	s.Status = *status
	if err := r.patch(ctx, s, before, d); err != nil {
		return err
	}
	r.written.Add(s.UID, s.ResourceVersion)
	if d.Kind == lifecycle.KindMove {
		logMove(ctx, before.Status.Phase, &s.Status, d)
	}
	r.recordEvents(s, w, d, before.Status.Phase)
	metrics.Measure(before, s, d, taken)
	return nil
}

// logMove logs a persisted move: one line with the ids of the run. The message of the decision is
// not in it, because it may have text of a Job; it is in the status and in the event.
func logMove(ctx context.Context, from v1alpha1.Phase, status *v1alpha1.SupersetStatus, d *lifecycle.Decision) {
	fields := []any{"from", from, "to", status.Phase, "event", d.Move.Event}
	if d.Reason != "" {
		fields = append(fields, "reason", d.Reason)
	}
	run := status.Upgrade
	fields = append(fields, "upgradeRevision", status.UpgradeRevision, "kind", run.Kind, "version", run.To, "release", run.ToRelease)
	logf.FromContext(ctx).Info("moved", fields...)
}

// patch writes the status. A run that needs a slot begins only while one is free.
func (r *Reconciler) patch(ctx context.Context, s, before *v1alpha1.Superset, d *lifecycle.Decision) error {
	if d.Moves(lifecycle.Begin) && state.Resting(before.Status.Phase) && s.Status.Upgrade.Slot != "" {
		return r.slots.Begin(ctx, r.Client, s, func() error { return apply.Status(ctx, r.Client, s, before) })
	}
	return apply.Status(ctx, r.Client, s, before)
}

// nextStatus is the status that follows from a decision; pure.
func nextStatus(s *v1alpha1.Superset, w *observed, d *lifecycle.Decision) (*v1alpha1.SupersetStatus, error) {
	o, now := w.Observation, d
	o.Status = afterStay(w, d)
	if d.Kind == lifecycle.KindMove {
		next, err := afterMove(s, &o, d)
		if err != nil {
			return nil, err
		}
		now = next
	}
	status := o.Status
	status.LastHandled = d.Tokens.Handled
	status.ObservedGeneration = s.Generation
	status.RefreshSecrets = w.Secrets.Known
	if status.Phase == "" {
		status.Phase = v1alpha1.PhasePending
	}
	// While web rolls, the lowest version rises with its last old pod, a moment before the
	// component reports it. The move that follows writes it.
	if w.Version != "" && (d.Kind != lifecycle.KindWork || s.Status.Phase != v1alpha1.PhaseUpgradeWeb) {
		status.Version = w.Version
	}
	report.SetConditions(status, s, state.Of(&o), now)
	if before := state.Of(&w.Observation); rules.FoldDue(before, d) || !equality.Semantic.DeepEqual(*status, s.Status) {
		lifecycle.Fold(status, before, d)
	}
	return status, nil
}

// afterStay is the status after a decision that stays in its phase.
func afterStay(w *observed, d *lifecycle.Decision) *v1alpha1.SupersetStatus {
	switch before := state.Of(&w.Observation); {
	case d.Wait.Gate != "":
		return lifecycle.AtGate(before, d)
	case d.Records:
		return lifecycle.Record(before)
	default:
		return w.Status.DeepCopy()
	}
}

// afterMove makes o the observation after a move, and decides in the new phase: its
// conditions are those of what comes next. Under a new fence there is no Job yet.
func afterMove(s *v1alpha1.Superset, o *state.Observation, d *lifecycle.Decision) (*lifecycle.Decision, error) {
	status, err := lifecycle.Advance(state.Of(o), d, historyLimit(s))
	if err != nil {
		return nil, fmt.Errorf("recording a move: %w", err)
	}
	status.LastHandled = d.Tokens.Handled
	o.Status = status
	if status.UpgradeRevision != s.Status.UpgradeRevision {
		for _, script := range migrations.Scripts {
			*o.JobOf(script) = migrations.Progress{}
		}
	}
	next := rules.Decide(state.Of(o))
	return &next, nil
}
