// SPDX-License-Identifier: Apache-2.0

package stale

import (
	"context"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
)

func named(name, uid, version string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: "analytics", UID: types.UID(uid), ResourceVersion: version, Labels: components.Labels("bi")}
}

func superset(version string) *v1alpha1.Superset {
	s := &v1alpha1.Superset{ObjectMeta: named("bi", "u", version)}
	s.Labels = nil
	return s
}

func job(uid, version string) client.Object {
	return &batchv1.Job{ObjectMeta: named("bi-verify-2-1", uid, version)}
}

func tier(version string) client.Object {
	return &v1alpha1.SupersetWebWorker{ObjectMeta: named("bi", "t", version)}
}

type objects = []client.Object

// server answers lists at resource version 100, in pages of two. It counts the requests of
// lists, and fails the test for one that asks for more than metadata.
func server(t *testing.T, requests *int, has ...client.Object) client.WithWatch {
	return interceptor.NewClient(watchtest.Builder().WithObjects(has...).Build(), interceptor.Funcs{
		List: func(ctx context.Context, w client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			*requests++
			o := (&client.ListOptions{}).ApplyOptions(options)
			all, ok := list.(*metav1.PartialObjectMetadataList)
			if !ok {
				t.Errorf("read as %T", list)
				return nil
			}
			next := o.Continue
			o.Limit, o.Continue = 0, ""
			err := w.List(ctx, list, o)
			all.ResourceVersion = "100"
			begin := 0
			if next != "" {
				begin = 2
			}
			if begin == 0 && len(all.Items) > 2 {
				all.Items, all.Continue = all.Items[:2], "next"
			} else {
				all.Items = all.Items[begin:]
			}
			return err
		},
	})
}

// A new process makes no decision before its cache is as new as its first look. What it does
// not show is looked for again: it may have been deleted since.
func TestCheck(t *testing.T) {
	foreign := &corev1.Pod{ObjectMeta: named("other", "o", "90")}
	foreign.Labels = nil
	for name, c := range map[string]struct {
		cached, first, later objects
		stale                bool
	}{
		"up to date":                 {objects{superset("50"), job("j", "60"), tier("40")}, objects{superset("50"), job("j", "60"), tier("40")}, nil, false},
		"cache is newer":             {objects{superset("51"), job("j", "103")}, objects{superset("50"), job("j", "60")}, nil, false},
		"the Superset is older":      {objects{superset("9")}, objects{superset("50")}, nil, true},
		"a tier is older":            {objects{superset("50"), tier("9")}, objects{superset("50"), tier("40")}, nil, true},
		"a Job is missing":           {objects{superset("50")}, objects{superset("50"), job("j", "60")}, nil, true},
		"a Job is re-created":        {objects{superset("50"), job("old", "59")}, objects{superset("50"), job("j", "60")}, nil, true},
		"a Job is deleted":           {objects{superset("50"), job("j", "60")}, objects{superset("50")}, nil, true},
		"a Job was created later":    {objects{superset("50"), job("j", "101")}, objects{superset("50")}, nil, false},
		"a foreign pod":              {objects{superset("50")}, objects{superset("50"), foreign}, nil, false},
		"deleted since":              {objects{superset("50")}, objects{superset("50"), job("j", "60")}, objects{superset("50")}, false},
		"replaced since":             {objects{superset("50"), job("k", "61")}, objects{superset("50"), job("j", "60")}, objects{superset("50"), job("k", "61")}, false},
		"a Superset is created":      {objects{superset("101")}, nil, objects{superset("101")}, false},
		"the Superset is re-created": {objects{superset("50")}, objects{&v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "w", ResourceVersion: "60"}}}, nil, true},
	} {
		requests := 0
		l := NewLook(watchtest.Builder().WithObjects(c.cached...).Build(), server(t, &requests, c.first...), nil)
		s := c.cached[0].(*v1alpha1.Superset)
		if _, err := l.begin(t.Context(), client.ObjectKeyFromObject(s), s.UID); err != nil {
			t.Fatal(err)
		}
		if c.later != nil {
			l.live = server(t, &requests, c.later...)
		}
		if err := l.Check(t.Context(), s); apierrors.IsConflict(err) != c.stale || !c.stale && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, done := l.shown[client.ObjectKeyFromObject(s)]; done == c.stale {
			t.Errorf("%s: counts as shown: %v", name, done)
		}
	}
}

// The look reads each kind once for all Supersets, page by page, and in each namespace that is
// served. Afterwards it reads nothing.
func TestLookReadsOnce(t *testing.T) {
	for _, test := range []struct {
		supersets  int
		namespaces []string
		want       int
	}{{1, nil, 11}, {2, nil, 11}, {3, nil, 12}, {3, []string{"analytics"}, 12}, {2, []string{"analytics", "other"}, 22}} {
		var all objects
		for i := range test.supersets {
			s := superset("50")
			s.Name, s.UID = fmt.Sprint("bi-", i), types.UID(fmt.Sprint("u", i))
			all = append(all, s)
		}
		requests := 0
		l := NewLook(watchtest.Builder().WithObjects(all...).Build(), server(t, &requests, all...), test.namespaces)
		for range 2 {
			for _, s := range all {
				if err := l.Check(t.Context(), s.(*v1alpha1.Superset)); err != nil {
					t.Error(err)
				}
			}
		}
		if requests != test.want {
			t.Errorf("%d Supersets in %v: %d requests, want %d", test.supersets, test.namespaces, requests, test.want)
		}
		if left := len(l.seen[supersets].of); left != 0 {
			t.Errorf("%d Supersets are still remembered", left)
		}
		l.Forget(client.ObjectKeyFromObject(all[0]))
		if len(l.shown) != test.supersets-1 {
			t.Errorf("%d Supersets are known after one was deleted", len(l.shown))
		}
	}
}

// Versions that cannot be compared count as older, unless they are equal.
func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"9", "10", true}, {"10", "9", false}, {"10", "10", false}, {"x", "x", false}, {"x", "10", true}} {
		if got := Older(c.a, c.b); got != c.want {
			t.Errorf("%s is older than %s: %v", c.a, c.b, got)
		}
	}
}
