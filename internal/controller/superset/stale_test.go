// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
)

// The operator makes no decision before the cache shows the last created Job, unless this Job is
// deleted.
func TestLastJobIsShown(t *testing.T) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u"}}
	job := func(name string) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics", Labels: components.JobLabels(s.Name)}}
	}
	first, second := job("bi-migrate-2-1"), job("bi-migrate-2-2")
	bare := first.DeepCopy()
	bare.Labels = nil
	scheme := runtime.NewScheme()
	if err := batchv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	build := func(last string, live ...*batchv1.Job) *Reconciler {
		c := fake.NewClientBuilder().WithScheme(scheme)
		for _, j := range live {
			c = c.WithObjects(j.DeepCopy())
		}
		r := &Reconciler{live: c.Build(), created: lru.New(8)}
		if last != "" {
			r.created.Add(s.UID, last)
		}
		return r
	}
	for name, c := range map[string]struct {
		r             *Reconciler
		cached        []*batchv1.Job
		stale, forget bool
	}{
		"none was created": {build("", first), nil, false, true},
		"cached":           {build(first.Name, first), []*batchv1.Job{first}, false, true},
		"not cached":       {build(first.Name, first), nil, true, false},
		"older one cached": {build(second.Name, first, second), []*batchv1.Job{first}, true, false},
		"deleted":          {build(first.Name), nil, false, true},
		"labels removed":   {build(first.Name, bare), nil, false, true},
	} {
		err := c.r.showsLastJob(t.Context(), s, c.cached)
		if apierrors.IsConflict(err) != c.stale || !c.stale && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, waits := c.r.created.Get(s.UID); waits == c.forget {
			t.Errorf("%s: still waits for it: %v", name, waits)
		}
	}
}

// A status that is older than the last one that this process has written is not decided on.
func TestOwnStatusIsShownFirst(t *testing.T) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", UID: "u", ResourceVersion: "12"}}
	r := &Reconciler{written: lru.New(8)}
	for written, want := range map[string]bool{"": true, "11": true, "12": true, "13": false} {
		if written != "" {
			r.written.Add(s.UID, written)
		}
		if got := r.showsLastStatus(s); written != "" && got != want {
			t.Errorf("written %s, cached 12: %v, want %v", written, got, want)
		}
	}
}

// The cache of the pods may be behind that of the Jobs. Before a result counts as lost, or a
// Job as crashed, its pod is read from the API server, once.
func TestPodsOfEndedJobsAreReadLive(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-preflight-2-1", Namespace: s.Namespace, UID: "j", OwnerReferences: ownedBy(s.UID),
		Labels: map[string]string{v1alpha1.LabelScript: "preflight", v1alpha1.LabelFence: fmt.Sprint(s.Status.UpgradeRevision), v1alpha1.LabelAttempt: "1"}}}
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: s.Namespace, Labels: components.JobLabels(s.Name), OwnerReferences: []metav1.OwnerReference{{UID: "j"}}}}
	pod.Status.Phase = corev1.PodSucceeded
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: components.MainContainer,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: `{"script":"inspect","head":"abc"}`}}}}
	for name, c := range map[string]struct {
		pods     []client.Object
		recorded bool
		head     string
		lost     bool
	}{
		"the cache is behind": {pods: []client.Object{pod}, head: "abc"},
		"the pod is gone":     {lost: true},
		"recorded":            {recorded: true, head: "def"},
	} {
		live := watchtest.Builder().WithObjects(c.pods...).Build()
		r := &Reconciler{live: live}
		s.Status.Upgrade.Jobs = nil
		if c.recorded {
			s.Status.Upgrade.Jobs = []v1alpha1.JobRecord{{Script: "preflight", Attempt: 1, Result: `{"script":"inspect","head":"def"}`}}
			r.live = nil // not read
		}
		w.jobs = nil
		w.observeJobs(s, []*batchv1.Job{job}, nil)
		if err := r.observePods(t.Context(), s, w); err != nil {
			t.Fatal(err)
		}
		if p := w.Preflight; p.Result.Head != c.head || p.Lost != c.lost || p.Done == c.lost {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Storing a release does not overwrite one that was stored after the observation.
func TestStoreDoesNotOverwrite(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	scheme := watch.Scheme()
	stored, err := revisionOf(s, w.desired, 2, actions.StoreRelease{Planned: plan.Planned{Plan: &v1alpha1.Plan{Strategy: v1alpha1.StrategyRolling}, Hash: "sha256-0123456789ab"}})
	if err != nil {
		t.Fatal(err)
	}
	stored.OwnerReferences = ownedBy(s.UID)
	config := components.ConfigMap(s.Name, s.Namespace, w.desired.ConfigMap, w.desired.Config, w.desired.Files)
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(stored, config).Build()
	r := &Reconciler{Client: c, live: c, apply: apply.New(c, c)}
	if err := r.storeRelease(t.Context(), s, w, actions.StoreRelease{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil || stored.Annotations[annotationPlanHash] != "sha256-0123456789ab" {
		t.Errorf("a release that was stored later is overwritten: %v, %v", stored.Annotations, err)
	}
}

// A child with a fence above that of the status causes a live read of the Superset, because a
// fence is recorded in status before any child carries it.
func TestFenceAboveTheStatus(t *testing.T) {
	superset := func(fence int64) *v1alpha1.Superset {
		s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u"}}
		s.Status.UpgradeRevision = fence
		return s
	}
	web := &v1alpha1.SupersetWebWorker{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", OwnerReferences: ownedBy("u")}}
	web.Spec.Fence = 7
	for cached, want := range map[int64]int64{6: 9, 7: 7, 8: 8} {
		cache := watchtest.Builder().WithObjects(web.DeepCopy(), superset(cached)).Build()
		r := &Reconciler{
			Client: cache,
			live:   watchtest.Builder().WithObjects(superset(9)).Build(),
			Now:    time.Now, seen: lru.New(8), created: lru.New(8), look: stale.NewLook(cache, cache, nil),
		}
		s := superset(cached)
		if err := cache.Get(t.Context(), client.ObjectKeyFromObject(s), s); err != nil {
			t.Fatal(err)
		}
		if _, err := r.observeFresh(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if s.Status.UpgradeRevision != want {
			t.Errorf("cached fence %d: decided on %d, want %d", cached, s.Status.UpgradeRevision, want)
		}
	}
}
