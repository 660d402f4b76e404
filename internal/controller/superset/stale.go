// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// observeFresh observes, and returns a conflict while the cache is known to be stale, so
// that nothing is decided on it.
func (r *Reconciler) observeFresh(ctx context.Context, s *v1alpha1.Superset) (*observed, error) {
	if err := r.look.Check(ctx, s); err != nil {
		return nil, err
	}
	w, err := r.observe(ctx, s)
	if err == nil && w.MaxFence > s.Status.UpgradeRevision {
		w, err = r.observeLive(ctx, s)
	}
	if err == nil {
		err = r.observePods(ctx, s, w)
	}
	if err != nil {
		return nil, err
	}
	return w, r.showsLastJob(ctx, s, w.jobs)
}

// showsLastStatus is true once the cache shows the last status patch of this process. A
// status that is older does not have the results that were recorded since, and their Jobs
// may be gone.
func (r *Reconciler) showsLastStatus(s *v1alpha1.Superset) bool {
	written, ok := r.written.Get(s.UID)
	return !ok || !stale.Older(s.ResourceVersion, written.(string))
}

// observePods observes with the pods of the API server where a Job has ended and the cache
// has no result of it: the cache of the pods may be behind that of the Jobs.
func (r *Reconciler) observePods(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	missing := slices.ContainsFunc(migrations.Scripts, func(script migrations.Script) bool {
		p, record := w.JobOf(script), state.RecordOf(w.Status, script)
		unrecorded := record == nil || int(record.Attempt) < p.Attempt
		return unrecorded && (p.Lost || p.Result.Reason == migrations.ReasonJobCrashed)
	})
	if !missing {
		return nil
	}
	var pods corev1.PodList
	if err := r.live.List(ctx, &pods, client.InNamespace(s.Namespace), client.MatchingLabels(components.JobLabels(s.Name))); err != nil {
		return fmt.Errorf("reading the pods of Jobs from the API server: %w", err)
	}
	w.observeJobs(s, nil, components.Pointers(pods.Items))
	return nil
}

// observeLive observes again after a live read of the Superset: something carries a fence
// above that of its status. A fence is recorded before anything carries it, so the cache is
// stale; if it is not, the status was lost.
func (r *Reconciler) observeLive(ctx context.Context, s *v1alpha1.Superset) (*observed, error) {
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(s), s); err != nil {
		return nil, fmt.Errorf("reading a Superset from the API server: %w", err)
	}
	return r.observe(ctx, s)
}

// showsLastJob is a conflict while the cache does not show the Job that was created last:
// a migration would not be seen, and an edit or a rollback would start next to it. A Job
// that was deleted, or has lost its labels, is not waited for.
func (r *Reconciler) showsLastJob(ctx context.Context, s *v1alpha1.Superset, jobs []*batchv1.Job) error {
	created, ok := r.created.Get(s.UID)
	if !ok {
		return nil
	}
	name := created.(string)
	if slices.ContainsFunc(jobs, func(j *batchv1.Job) bool { return j.Name == name }) {
		r.created.Remove(s.UID)
		return nil
	}
	job := &batchv1.Job{}
	err := r.live.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, job)
	hidden := err == nil && !labels.SelectorFromSet(components.Labels(s.Name)).Matches(labels.Set(job.Labels))
	switch {
	case hidden, apierrors.IsNotFound(err): // the cache will never show it
		r.created.Remove(s.UID)
		return nil
	case err != nil:
		return fmt.Errorf("reading Job %s, which the cache does not show: %w", name, err)
	}
	return stale.Conflict(job)
}
