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
)

// errLags is why something is decided again.
var errLags = errors.New("the cache does not show it yet")

// look observes, and sees to it that nothing is decided upon a cache that is
// known to lag. A conflict says that it still does.
func (r *SupersetReconciler) look(ctx context.Context, s *v1alpha1.Superset) (*world, error) {
	if err := r.seesAll(ctx, s); err != nil {
		return nil, err
	}
	w, err := r.observe(ctx, s)
	if err == nil && w.MaxFence > s.Status.UpgradeRevision {
		w, err = r.observeAfresh(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	return w, r.seesJobs(ctx, s, w.jobs)
}

// observeAfresh looks again after a Superset was read past the cache: something carries a
// fence that its status does not know. A fence is recorded before anything carries it,
// so the cache lags; if not, the status was lost.
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
	return lagging(job)
}

// lagging is the conflict that has a Superset looked at again, for an object that the
// cache does not show.
func lagging(obj client.Object) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: fmt.Sprintf("%T", obj)}, obj.GetName(), errLags)
}
