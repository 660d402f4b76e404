// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// record writes what a decision means for the status: one patch with
// optimistic lock, and only if something changed. A conflict means that the
// decision was made from an older state; it is made again. Events and metrics
// follow what was persisted.
func (r *SupersetReconciler) record(ctx context.Context, s *v1alpha1.Superset, w *world, d *lifecycle.Decision) error {
	status, err := nextStatus(s, w, d)
	if err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(*status, s.Status) {
		return nil
	}
	before := s.DeepCopy()
	s.Status = *status
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Status().Patch(ctx, s, patch, fieldOwner); err != nil {
		return fmt.Errorf("recording the status: %w", err)
	}
	if d.Move != "" {
		logf.FromContext(ctx).Info("moved", "from", before.Status.Phase, "to", s.Status.Phase, "on", d.Move, "upgradeRevision", s.Status.UpgradeRevision)
	}
	r.announce(s, w, d, before.Status.Phase)
	measure(before, s, d)
	return nil
}

// nextStatus is the status that follows from a decision; pure.
func nextStatus(s *v1alpha1.Superset, w *world, d *lifecycle.Decision) (*v1alpha1.SupersetStatus, error) {
	o, now := w.Observation, d
	o.Status = s.Status.DeepCopy()
	if d.Move != "" {
		next, err := moved(s, &o, d)
		if err != nil {
			return nil, err
		}
		now = next
	} else if d.Gate != "" {
		o.Status = lifecycle.AtGate(&o, d)
	}
	status := o.Status
	status.LastHandled = d.Handled
	status.ObservedGeneration = s.Generation
	if status.Phase == "" {
		status.Phase = v1alpha1.PhasePending
	}
	// While web rolls, the lowest version rises with its last old pod, a moment
	// before the tier answers: the move that follows says it.
	if w.Version != "" && (d.Move != "" || d.Waiting || s.Status.Phase != v1alpha1.PhaseUpgradeWeb) {
		status.Version = w.Version
	}
	a := account{s: s, status: status, o: &o, d: now}
	a.conditions()
	return status, nil
}

// moved makes o the observation after a move. What is said of the new phase is
// what would be decided in it; under a new fence there is no Job yet.
func moved(s *v1alpha1.Superset, o *lifecycle.Observation, d *lifecycle.Decision) (*lifecycle.Decision, error) {
	status, err := lifecycle.Advance(o, d, historyLimit(s))
	if err != nil {
		return nil, fmt.Errorf("recording a move: %w", err)
	}
	status.LastHandled = d.Handled
	o.Status = status
	if status.UpgradeRevision != s.Status.UpgradeRevision {
		o.Preflight, o.Rehearse, o.Backup, o.Migrate = migrations.Progress{}, migrations.Progress{}, migrations.Progress{}, migrations.Progress{}
		o.Verify, o.Downgrade, o.Restore = migrations.Progress{}, migrations.Progress{}, migrations.Progress{}
	}
	next := lifecycle.Decide(o)
	return &next, nil
}

// fieldOwner is who the API server notes as the writer of status.
const fieldOwner = apply.FieldOwner
