// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// errLags is why something is decided again.
var errLags = errors.New("the cache does not show it yet")

// look observes, and sees to it that nothing is decided upon a cache that is
// known to lag. A conflict says that it still does.
func (r *SupersetReconciler) look(ctx context.Context, s *v1alpha1.Superset) (*world, error) {
	w, err := r.observe(ctx, s)
	if err == nil && w.lags(&s.Status) {
		w, err = r.observeAfresh(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	if err := r.seesJobs(ctx, s, w.jobs); err != nil {
		return nil, err
	}
	return w, r.seesTheTurn(ctx, s, w)
}

// lags is true when something carries a fence that the status does not know: a fence
// is recorded before anything carries it, so the cache lags; if not, the status was
// lost. In Validate no tier carries the run's own: nothing has been touched yet.
func (w *world) lags(status *v1alpha1.SupersetStatus) bool {
	touched := func(t lifecycle.Tier) bool { return t.Exists && t.Fence == status.UpgradeRevision }
	return w.MaxFence > status.UpgradeRevision || status.Phase == v1alpha1.PhaseValidate && slices.ContainsFunc(w.Tiers[:], touched)
}

// observeAfresh looks again after a Superset whose status lags was read past the cache.
func (r *SupersetReconciler) observeAfresh(ctx context.Context, s *v1alpha1.Superset) (*world, error) {
	if err := r.direct.Get(ctx, client.ObjectKeyFromObject(s), s); err != nil {
		return nil, fmt.Errorf("reading a Superset whose cache lags: %w", err)
	}
	return r.observe(ctx, s)
}

// seesJobs is a conflict while the cache does not show the Job that was made
// last. A migration would count as not begun, and an edit or a rollback would turn
// back beside it. One that somebody deleted, or took the labels of, is waited for
// no longer.
func (r *SupersetReconciler) seesJobs(ctx context.Context, s *v1alpha1.Superset, jobs []*batchv1.Job) error {
	made, ok := r.made.Get(s.UID)
	if !ok {
		return nil
	}
	name := made.(string)
	if slices.ContainsFunc(jobs, func(j *batchv1.Job) bool { return j.Name == name }) {
		r.made.Remove(s.UID)
		return nil
	}
	job := &batchv1.Job{}
	err := r.direct.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, job)
	hidden := err == nil && !labels.SelectorFromSet(components.Labels(s.Name)).Matches(labels.Set(job.Labels))
	switch {
	case hidden, apierrors.IsNotFound(err): // no cache of ours will show it
		r.made.Remove(s.UID)
		return nil
	case err != nil:
		return fmt.Errorf("reading Job %s, which the cache does not show: %w", name, err)
	}
	return lagging(name)
}

// turns are the Jobs that take the database back, by the class that does.
var turns = map[v1alpha1.RollbackClass]migrations.Script{
	v1alpha1.RollbackDowngrade: migrations.Downgrade, v1alpha1.RollbackRestore: migrations.Restore,
}

// seesTheTurn is a conflict while a tier is back at the earlier release and the cache
// does not show the Job that took the database back before: the tiers would be
// stopped once more for it.
func (r *SupersetReconciler) seesTheTurn(ctx context.Context, s *v1alpha1.Superset, w *world) error {
	run := s.Status.Upgrade
	if s.Status.Phase != v1alpha1.PhaseRollback || run == nil || run.Rollback == nil || !w.backWithoutTurn(&s.Status) {
		return nil
	}
	name := migrations.JobName(s, turns[run.Rollback.Class], s.Status.UpgradeRevision, 1)
	err := r.direct.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, &batchv1.Job{})
	if apierrors.IsNotFound(err) {
		return nil // the tiers are there from a way back of another class
	}
	if err != nil {
		return fmt.Errorf("looking for Job %s: %w", name, err)
	}
	return lagging(name)
}

// backWithoutTurn is true when a tier is back, by a class that takes the database back
// before, and no Job is seen that did.
func (w *world) backWithoutTurn(status *v1alpha1.SupersetStatus) bool {
	back := func(t lifecycle.Tier) bool {
		return t.Exists && t.Fence == status.UpgradeRevision && t.Mode == v1alpha1.ModeServe && t.Release == status.Upgrade.RollbackRelease
	}
	_, turned := turns[status.Upgrade.Rollback.Class]
	return turned && w.Downgrade.Attempt+w.Restore.Attempt == 0 && slices.ContainsFunc(w.Tiers[:], back)
}

// lagging is the conflict that has a Superset looked at again.
func lagging(job string) error {
	return apierrors.NewConflict(schema.GroupResource{Group: batchv1.GroupName, Resource: "jobs"}, job, errLags)
}
