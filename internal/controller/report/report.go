// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// report is what the conditions follow from.
type report struct {
	s *v1alpha1.Superset
	// status as it is about to be written; snapshot and d are what follows from it.
	status   *v1alpha1.SupersetStatus
	snapshot *state.Snapshot
	d        *lifecycle.Decision
	// reason and message are the summary: those of Ready.
	reason, message string
}

// ready is true when the desired release runs as it was verified.
func (r *report) ready() bool {
	return r.status.Phase == v1alpha1.PhaseReady && r.d.Kind == lifecycle.KindWork
}

// stalled is true when manual intervention is needed.
func (r *report) stalled() bool {
	return r.status.Phase == v1alpha1.PhaseFailed || r.status.Phase == v1alpha1.PhaseRolledBack
}

// rollback is what a rollback token would do now; the zero Rollback for nothing.
func (r *report) rollback() rollback.Rollback {
	release := r.snapshot.StoredRelease(r.rollbackTarget())
	if release.Hash == "" {
		return rollback.Rollback{}
	}
	return rollback.To(r.snapshot, release)
}

// rollbackTarget is the release that a rollback token would put back, stored or not; empty
// for none.
func (r *report) rollbackTarget() string {
	u := r.status.Upgrade
	if u != nil && u.Touched && r.status.Phase != v1alpha1.PhaseReady && r.status.Phase != v1alpha1.PhaseRolledBack {
		return cmp.Or(u.RollbackRelease, u.FromRelease)
	}
	return r.status.PreviousRelease
}
