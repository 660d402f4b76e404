// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// A move that was decided on a stale Superset is a conflict and has no event. On the current one
// it is recorded.
func TestRecordOnlyOnTheStoredState(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, changed := range []bool{true, false} {
		s, w := upgrading(t, v1alpha1.PhaseVerify)
		c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(s).WithStatusSubresource(s).Build()
		seen := &v1alpha1.Superset{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(s), seen); err != nil {
			t.Fatal(err)
		}
		if changed {
			other := seen.DeepCopy()
			other.Annotations = map[string]string{"changed": "since"}
			if err := c.Update(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		recorder := events.NewFakeRecorder(10)
		r := &Reconciler{Client: c, Events: recorder, written: lru.New(8)}
		w.Status = &seen.Status
		err := r.record(t.Context(), seen, w, &lifecycle.Decision{
			Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Fail, Failed: true}, Reason: "CheckFailed", Message: "made to fail"})
		if _, waits := r.written.Get(s.UID); waits == changed {
			t.Errorf("changed %v: waits for its own patch: %v", changed, waits)
		}
		if apierrors.IsConflict(err) != changed || !changed && err != nil {
			t.Errorf("changed %v: %v", changed, err)
		}
		stored := &v1alpha1.Superset{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(s), stored); err != nil {
			t.Fatal(err)
		}
		if moved := stored.Status.Phase == v1alpha1.PhaseFailed; moved == changed || (len(recorder.Events) > 0) == changed {
			t.Errorf("changed %v: in %s, %d events", changed, stored.Status.Phase, len(recorder.Events))
		}
	}
}
