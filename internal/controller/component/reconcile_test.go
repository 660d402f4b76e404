// SPDX-License-Identifier: Apache-2.0

package component

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
)

// An error of the Deployment that lasts is in the status, by one write, and goes by one write.
func TestErrorThatLastsIsReported(t *testing.T) {
	c := &v1alpha1.SupersetWebWorker{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u", Generation: 1}}
	c.Spec.Version, c.Spec.ConfigMapName = "6.0.0", "theirs"
	onApply, patches, at := error(apierrors.NewInternalError(errors.New("failed calling webhook"))), 0, now
	fakes := interceptor.NewClient(watchtest.Builder().WithObjects(c).WithStatusSubresource(c).Build(), interceptor.Funcs{
		Apply: func(context.Context, client.WithWatch, runtime.ApplyConfiguration, ...client.ApplyOption) error {
			return onApply
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			patches++
			return c.SubResource(sub).Patch(ctx, obj, p, opts...)
		},
	})
	r := &Reconciler{Client: fakes, live: fakes, Descriptor: components.Describe(components.Web), Now: func() time.Time { return at },
		apply: apply.New(fakes, fakes), failures: apply.NewFailures()}
	reconcile := func() (metav1.Condition, error) {
		t.Helper()
		at = at.Add(2 * time.Second)
		_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(c)})
		var got v1alpha1.SupersetWebWorker
		if err := fakes.Get(t.Context(), client.ObjectKeyFromObject(c), &got); err != nil {
			t.Fatal(err)
		}
		ready := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			ready = &metav1.Condition{}
		}
		return *ready, err
	}
	for i := range 10 {
		ready, err := reconcile()
		if reported := ready.Reason == v1alpha1.ReasonBlocked && strings.Contains(ready.Message, "failed calling webhook"); err == nil || reported != (i >= 2) {
			t.Errorf("reconcile %d: Ready %+v, error %v", i, ready, err)
		}
	}
	if patches != 1 {
		t.Errorf("%d writes of the status while the error lasts, want 1", patches)
	}
	onApply = nil
	if ready, err := reconcile(); err != nil || ready.Reason != v1alpha1.ReasonRolling || patches != 2 {
		t.Errorf("after it: Ready %+v, error %v, %d writes", ready, err, patches)
	}
}
