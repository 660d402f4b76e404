// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/slots"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
)

// bench reconciles one Superset on a cluster whose requests can fail.
type bench struct {
	t             *testing.T
	r             *Reconciler
	now           time.Time
	onJob, onList error // of the creation of a Job; of the list of the pods
	patches       int   // of the status
	request       ctrl.Request
	lastError     error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: now}
	s, _ := upgrading(t, v1alpha1.PhasePending)
	b.request = ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s)}
	c := interceptor.NewClient(watchtest.Builder().WithObjects(s).WithStatusSubresource(s).Build(), interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			if _, isJob := obj.(*batchv1.Job); isJob && b.onJob != nil {
				return b.onJob
			}
			return c.Create(ctx, obj, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, arePods := list.(*corev1.PodList); arePods && b.onList != nil {
				return b.onList
			}
			return c.List(ctx, list, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			b.patches++
			return c.SubResource(sub).Patch(ctx, obj, p, opts...)
		},
	})
	b.r = &Reconciler{Client: c, live: c, Events: events.NewFakeRecorder(100), Now: func() time.Time { return b.now }, apply: apply.New(c, c),
		releases: lru.New(8), created: lru.New(8), seen: lru.New(8), written: lru.New(8), refusals: lru.New(8), claims: lru.New(8), look: stale.NewLook(c, c, nil), unmonitored: lru.New(8),
		slots: slots.New(slots.Limits{}), failures: apply.NewFailures()}
	return b
}

// reconcile reconciles once, some time after the last time.
func (b *bench) reconcile(after time.Duration) *v1alpha1.Superset {
	b.t.Helper()
	b.now = b.now.Add(after)
	_, b.lastError = b.r.Reconcile(b.t.Context(), b.request)
	s := &v1alpha1.Superset{}
	if err := b.r.Get(b.t.Context(), b.request.NamespacedName, s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// An error that lasts is in the conditions, by one write, and goes by one write when the
// reconcile succeeds. It is tried again with the back-off as before.
func TestErrorThatLastsIsReported(t *testing.T) {
	webhook := apierrors.NewInternalError(errors.New("failed calling webhook: Post \"https://u:secret@hook/\": EOF"))
	for name, set := range map[string]func(*bench, error){
		"of a write": func(b *bench, err error) { b.onJob = err },
		"of a read":  func(b *bench, err error) { b.onList = err },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if s := b.reconcile(0); s.Status.Phase != v1alpha1.PhaseValidate {
				t.Fatalf("phase %s: %v", s.Status.Phase, b.lastError)
			}
			before := b.patches
			set(b, webhook)
			for range 2 {
				s := b.reconcile(2 * time.Second)
				if c := conditionOf(t, &s.Status, v1alpha1.ConditionReady); c.Reason != "Validate" || b.lastError == nil || b.patches != before {
					t.Fatalf("reported too early: %+v, error %v", c, b.lastError)
				}
			}
			for range 20 {
				s := b.reconcile(2 * time.Second)
				c := conditionOf(t, &s.Status, v1alpha1.ConditionReady)
				if c.Status != "False" || c.Reason != v1alpha1.ReasonReconcileError || !strings.Contains(c.Message, "failed calling webhook") || strings.Contains(c.Message, "secret") || b.lastError == nil {
					t.Fatalf("not reported: %+v, error %v", c, b.lastError)
				}
				if c := conditionOf(t, &s.Status, v1alpha1.ConditionReconciling); c.Status != "True" || c.Reason != v1alpha1.ReasonReconcileError {
					t.Fatalf("Reconciling: %+v", c)
				}
			}
			if b.patches != before+1 {
				t.Errorf("%d writes of the status while the error lasts, want 1", b.patches-before)
			}
			set(b, nil)
			s := b.reconcile(2 * time.Second)
			if c := conditionOf(t, &s.Status, v1alpha1.ConditionReady); c.Reason != "Validate" || b.lastError != nil || b.patches != before+2 {
				t.Errorf("after it: %+v, error %v, %d writes", c, b.lastError, b.patches-before)
			}
		})
	}
}

// An error of a Superset that needs manual intervention keeps the commands of Stalled.
func TestErrorKeepsTheCommandsOfStalled(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseFailed)
	_, d := next(t, s, w)
	d.Reason, d.Message = v1alpha1.ReasonReconcileError, "this cannot be done, and is tried again: EOF"
	status, err := nextStatus(s, w, &d)
	if err != nil {
		t.Fatal(err)
	}
	stalled := conditionOf(t, status, v1alpha1.ConditionStalled)
	for _, text := range []string{"no space left", "This cannot be done, and is tried again: EOF", "superset-operator.dev/retry"} {
		if strings.Count(stalled.Message, text) != 1 {
			t.Errorf("not once %q: %s", text, stalled.Message)
		}
	}
}
