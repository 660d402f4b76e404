// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// Nothing is decided before the cache shows the Job that was made last, unless
// that Job is gone.
func TestOwnJobsAreSeen(t *testing.T) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u"}}
	made := func(name string) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics", Labels: components.JobLabels(s.Name)}}
	}
	job, second := made("bi-migrate-2-1"), made("bi-migrate-2-2")
	bare := job.DeepCopy()
	bare.Labels = nil
	scheme := runtime.NewScheme()
	if err := batchv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	build := func(last string, live ...*batchv1.Job) *SupersetReconciler {
		c := fake.NewClientBuilder().WithScheme(scheme)
		for _, j := range live {
			c = c.WithObjects(j.DeepCopy())
		}
		r := &SupersetReconciler{direct: c.Build(), made: lru.New(8)}
		if last != "" {
			r.made.Add(s.UID, last)
		}
		return r
	}
	for name, c := range map[string]struct {
		r            *SupersetReconciler
		cached       []*batchv1.Job
		lags, forget bool
	}{
		"none was made":    {build("", job), nil, false, true},
		"the cache has it": {build(job.Name, job), []*batchv1.Job{job}, false, true},
		"it does not":      {build(job.Name, job), nil, true, false},
		"it has an older":  {build(second.Name, job, second), []*batchv1.Job{job}, true, false},
		"it was deleted":   {build(job.Name), nil, false, true},
		"it never will":    {build(job.Name, bare), nil, false, true},
	} {
		err := c.r.seesJobs(t.Context(), s, c.cached)
		if apierrors.IsConflict(err) != c.lags || !c.lags && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, waits := c.r.made.Get(s.UID); waits == c.forget {
			t.Errorf("%s: still waited for: %v", name, waits)
		}
	}
}

// A release is stored as it was seen: not over one that has come since, and not over
// another state than the one that was seen.
func TestStoresWhatWasDecided(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	scheme := Options(nil).Scheme
	stored, err := storedRelease(s, w.desired, 2, lifecycle.Action{Plan: &v1alpha1.Plan{Strategy: v1alpha1.StrategyRolling}, PlanHash: "sha256-0123456789ab"})
	if err != nil {
		t.Fatal(err)
	}
	stored.OwnerReferences = ownedBy(s.UID)
	config := components.ConfigMap(s.Name, s.Namespace, w.desired.Config)
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(stored, config).Build()
	r := &SupersetReconciler{Client: c, direct: c, apply: apply.New(c, c)}
	if err := r.storeRelease(t.Context(), s, w, lifecycle.Action{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil || stored.Annotations[annotationPlanHash] != "sha256-0123456789ab" {
		t.Errorf("a release that has come since was stored over: %v, %v", stored.Annotations, err)
	}
}

// A fence that the status does not know has the Superset read past the cache: a fence is
// recorded before anything carries it. Otherwise nothing is.
func TestAFenceAboveTheStatus(t *testing.T) {
	superset := func(fence int64) *v1alpha1.Superset {
		s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u"}}
		s.Status.UpgradeRevision = fence
		return s
	}
	web := &v1alpha1.SupersetWebWorker{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", OwnerReferences: ownedBy("u")}}
	web.Spec.Fence = 7
	for cached, want := range map[int64]int64{6: 9, 7: 7, 8: 8} {
		scheme := Options(nil).Scheme
		r := &SupersetReconciler{
			Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(web.DeepCopy()).Build(),
			direct: fake.NewClientBuilder().WithScheme(scheme).WithObjects(superset(9)).Build(),
			Now:    time.Now, made: lru.New(8), seen: lru.New(8),
		}
		s := superset(cached)
		r.seen.Add(s.UID, nil)
		if _, err := r.look(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if s.Status.UpgradeRevision != want {
			t.Errorf("the cache has fence %d: decided upon %d, want %d", cached, s.Status.UpgradeRevision, want)
		}
	}
}
