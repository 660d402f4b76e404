// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/slots"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
)

// resting is a Superset at rest, with everything that the operator keeps of it: the labels and
// the owners count, and the releases are real.
func resting(t testing.TB, name string) (*v1alpha1.Superset, []client.Object) {
	t.Helper()
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics", UID: types.UID("uid-" + name), Generation: 3}}
	s.Spec.Version, s.Spec.Web, s.Spec.Worker, s.Spec.Scheduler = "6.0.0", &v1alpha1.WebSpec{}, &v1alpha1.WorkerSpec{}, &v1alpha1.SchedulerSpec{}
	release, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := revisionOf(s, release, 2, actions.StoreRelease{})
	if err != nil {
		t.Fatal(err)
	}
	s.Status.Phase, s.Status.Release, s.Status.UpgradeRevision = v1alpha1.PhaseReady, release.Hash(), 2
	s.Status.Schema = &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "abc"}
	s.Status.Upgrade = &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindUpgrade, To: "6.0.0", ToRelease: release.Hash()}
	out := []client.Object{s, revision, configOf(s, release)}
	for _, d := range components.Catalog {
		c := release.Component(d.Name, s)
		c.ComponentSpec().Fence = 2
		deployment, err := components.Deployment(d, c, nil, components.Platform{})
		if err != nil {
			t.Fatal(err)
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: deployment.Name + "-1-0", Labels: deployment.Spec.Template.Labels}}
		pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "1"
		out = append(out, c.(client.Object), deployment, pod)
	}
	for _, script := range []string{"preflight", "migrate", "verify"} {
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name + "-" + script + "-2-1", Labels: components.JobLabels(name)}}
		job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		out = append(out, job)
	}
	for _, obj := range out[1:] {
		obj.SetNamespace(s.Namespace)
		obj.SetUID(types.UID(fmt.Sprintf("%T-%s-%s", obj, s.UID, obj.GetName())))
		obj.SetOwnerReferences(ownedBy(s.UID))
		if pod, ok := obj.(*corev1.Pod); ok {
			pod.OwnerReferences[0].Kind, pod.OwnerReferences[0].Name = "ReplicaSet", strings.TrimSuffix(pod.Name, "-0")
		}
	}
	return s, out
}

// fleet is one Superset among others in a namespace, which edits change.
func fleet(t testing.TB, others int, edits ...func(int, *v1alpha1.Superset)) (*v1alpha1.Superset, *watchtest.Client) {
	t.Helper()
	s, objects := resting(t, "bi")
	for i := range others {
		other, more := resting(t, fmt.Sprintf("other-%d", i))
		for _, edit := range edits {
			edit(i, other)
		}
		objects = append(objects, more...)
	}
	c := watchtest.New(t, watchtest.Builder().WithObjects(objects...).WithStatusSubresource(&v1alpha1.Superset{}).Build())
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(s), s); err != nil {
		t.Fatal(err)
	}
	return s, c
}

// cached is a reconciler on caches.
func cached(c *watchtest.Client) *Reconciler {
	return &Reconciler{
		Client: c, live: c.WithWatch, apply: apply.New(c, c.WithWatch), Now: func() time.Time { return now },
		releases: lru.New(8), created: lru.New(8), seen: lru.New(8), written: lru.New(8), refusals: lru.New(8), claims: lru.New(8),
		slots: slots.New(slots.Limits{Rollouts: 1}), look: stale.NewLook(c, c.WithWatch, nil), unmonitored: lru.New(8), failures: apply.NewFailures(),
	}
}

// A reconcile looks at the objects of its own Superset, however many others there are.
func TestReconcileLooksAtItsOwnObjects(t *testing.T) {
	walked := map[int]int{}
	for _, others := range []int{0, 30} {
		s, c := fleet(t, others)
		r := cached(c)
		w, err := r.observeFresh(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.jobs) != 3 || len(w.Stored) != 1 || w.Tiers[0].Pods != 1 {
			t.Fatalf("observed %d Jobs, %d releases and %d pods of a tier, want 3, 1 and 1", len(w.jobs), len(w.Stored), w.Tiers[0].Pods)
		}
		if err := r.prune(t.Context(), s, w); err != nil {
			t.Fatal(err)
		}
		walked[others] = c.Walked
	}
	if walked[0] == 0 || walked[30] != walked[0] {
		t.Errorf("looked at %d objects alone, and at %d next to 30 others", walked[0], walked[30])
	}
}

// A run that may begin looks at those that hold a slot, and a preflight at those with its
// database: not at every Superset.
func TestOtherSupersetsAreFoundByIndex(t *testing.T) {
	s, c := fleet(t, 30, func(i int, other *v1alpha1.Superset) {
		switch i {
		case 0:
			other.Status.Phase, other.Status.Upgrade = v1alpha1.PhaseVerify, &v1alpha1.UpgradeStatus{Slot: v1alpha1.SlotRollout}
		case 1:
			other.Status.Schema = &v1alpha1.SchemaStatus{Identity: "one"}
		}
	})
	r, w := cached(c), &observed{}
	w.Desired.Hash = "another"
	if err := r.observeOthers(t.Context(), s, w); err != nil || w.Busy[v1alpha1.SlotRollout] != "1 of 1 are taken (analytics/other-0)" {
		t.Errorf("busy: %v, %v", w.Busy, err)
	}
	s.Status.Phase, w.Preflight.Result.Identity = v1alpha1.PhaseValidate, "one"
	if err := r.observeOthers(t.Context(), s, w); err != nil || len(w.Sharing) != 1 || w.Sharing[0].Name != "analytics/other-1" {
		t.Errorf("sharing: %v, %v", w.Sharing, err)
	}
	if c.Walked != 2 {
		t.Errorf("looked at %d Supersets, want 2", c.Walked)
	}
}

// BenchmarkReconcile is a reconcile of a Superset at rest next to others in its namespace.
func BenchmarkReconcile(b *testing.B) {
	for _, others := range []int{0, 100} {
		b.Run(fmt.Sprint(others), func(b *testing.B) {
			s, c := fleet(b, others)
			r := cached(c)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Reconcile(b.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A spec is rendered once for each generation of a Superset, and a stored release is decoded
// once for each version of its revision. A Superset that was deleted is forgotten.
func TestRenderedAndDecodedOnce(t *testing.T) {
	s, objects := resting(t, "bi")
	r := &Reconciler{Client: watchtest.Builder().Build(), slots: slots.New(slots.Limits{}), look: stale.NewLook(nil, nil, nil)}
	first := r.rendered(s, nil)
	if r.rendered(s, nil) != first {
		t.Error("rendered twice")
	}
	for name, edit := range map[string]func(*v1alpha1.Superset){
		"generation": func(s *v1alpha1.Superset) { s.Generation++; s.Spec.Version = "6.0.1" },
		"uid":        func(s *v1alpha1.Superset) { s.UID = "again"; s.Spec.Version = "6.0.2" },
	} {
		edit(s)
		if got := r.rendered(s, nil).target.Version; got != s.Spec.Version {
			t.Errorf("another %s: rendered %s, want %s", name, got, s.Spec.Version)
		}
	}
	_ = r.rendered(s, nil)
	revision := *objects[1].(*appsv1.ControllerRevision)
	revision.OwnerReferences = ownedBy(s.UID)
	revision.ResourceVersion = "1"
	_, needed := r.storedReleases(s, []appsv1.ControllerRevision{revision})
	if len(needed) != 1 {
		t.Fatalf("needs %v", needed)
	}
	revision.Data.Raw = []byte("{")
	if _, again := r.storedReleases(s, []appsv1.ControllerRevision{revision}); len(again) != 1 {
		t.Error("the same version was decoded again")
	}
	revision.ResourceVersion = "2"
	if _, changed := r.storedReleases(s, []appsv1.ControllerRevision{revision}); len(changed) != 0 {
		t.Error("a new version was not decoded")
	}
	key := client.ObjectKeyFromObject(s)
	if _, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key}); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.stored.Get(key, string(s.UID)); ok {
		t.Error("the stored releases of a deleted Superset are remembered")
	}
	if _, ok := r.renderings.Get(key, fmt.Sprintf("%s/%d", s.UID, s.Generation)); ok {
		t.Error("the rendering of a deleted Superset is remembered")
	}
}
