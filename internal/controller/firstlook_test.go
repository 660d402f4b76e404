// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// Nothing is decided by a process before its cache has shown what there is.
func TestTheFirstLook(t *testing.T) {
	superset := func(version string) *v1alpha1.Superset {
		return &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u", ResourceVersion: version}}
	}
	of := func(name, uid, version string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: "analytics", UID: types.UID(uid), ResourceVersion: version, Labels: components.Labels("bi")}
	}
	job := func(uid, version string) client.Object {
		return &batchv1.Job{ObjectMeta: of("bi-verify-2-1", uid, version)}
	}
	tier := func(version string) client.Object {
		return &v1alpha1.SupersetWebWorker{ObjectMeta: of("bi", "t", version)}
	}
	foreign := &corev1.Pod{ObjectMeta: of("other", "o", "90")}
	foreign.Labels = nil
	type objects = []client.Object
	for name, c := range map[string]struct {
		cached, live objects
		lags         bool
	}{
		"it is up to date":      {objects{superset("50"), job("j", "60"), tier("40")}, objects{superset("50"), job("j", "60"), tier("40")}, false},
		"it is ahead":           {objects{superset("51"), job("j", "103")}, objects{superset("50"), job("j", "60")}, false},
		"the Superset is older": {objects{superset("9")}, objects{superset("50")}, true},
		"a tier is older":       {objects{superset("50"), tier("9")}, objects{superset("50"), tier("40")}, true},
		"a Job is missing":      {objects{superset("50")}, objects{superset("50"), job("j", "60")}, true},
		"a Job is another one":  {objects{superset("50"), job("before", "59")}, objects{superset("50"), job("j", "60")}, true},
		"a Job is gone":         {objects{superset("50"), job("j", "60")}, objects{superset("50")}, true},
		"a Job has come since":  {objects{superset("50"), job("j", "101")}, objects{superset("50")}, false},
		"a pod is nobody's":     {objects{superset("50")}, objects{superset("50"), foreign}, false},
	} {
		scheme := Options(nil).Scheme
		live := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).WithObjects(c.live...).Build(), interceptor.Funcs{
			List: func(ctx context.Context, w client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				err := w.List(ctx, list, opts...)
				list.SetResourceVersion("100")
				return err
			},
		})
		r := &SupersetReconciler{Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(c.cached...).Build(), direct: live, seen: lru.New(8)}
		s := &v1alpha1.Superset{}
		if err := r.Get(t.Context(), client.ObjectKey{Namespace: "analytics", Name: "bi"}, s); err != nil {
			t.Fatal(err)
		}
		if err := r.seesAll(t.Context(), s); apierrors.IsConflict(err) != c.lags || !c.lags && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, seen := r.seen.Get(s.UID); seen == c.lags {
			t.Errorf("%s: it counts as seen: %v", name, seen)
		}
	}
}

// What was seen once is not asked for again: at rest nothing is read past the cache.
func TestOneFirstLook(t *testing.T) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u"}}
	r := &SupersetReconciler{seen: lru.New(8)} // without a client to ask
	r.seen.Add(s.UID, nil)
	if err := r.seesAll(t.Context(), s); err != nil {
		t.Error(err)
	}
}
