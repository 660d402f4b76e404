// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/controller/tiers"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// kinds are the kinds that were applied or created, in order.
type kinds []string

// failing is a client in which each write of a kind has this error.
func failing(writes *kinds, errs map[string]error, objects ...client.Object) client.Client {
	add := func(kind string) error {
		if err := errs[kind]; err != nil {
			return err
		}
		*writes = append(*writes, kind)
		return nil
	}
	return interceptor.NewClient(watchtest.Builder().WithObjects(objects...).Build(), interceptor.Funcs{
		Apply: func(_ context.Context, _ client.WithWatch, obj runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
			return add(obj.(interface{ GetKind() string }).GetKind())
		},
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			if _, isJob := obj.(*batchv1.Job); isJob {
				return add("Job")
			}
			return c.Create(ctx, obj, opts...) // the ConfigMaps that pods mount
		},
	})
}

// everything is work of each kind on a Superset without objects: the tiers are created.
func everything(hash string, mode v1alpha1.Mode) *actions.Work {
	work := &actions.Work{Traffic: actions.TrafficToWeb, Prune: true, Job: actions.RunJob{Script: migrations.Preflight, Release: hash, Fence: 2, Attempt: 1}}
	for tier := range work.Tiers {
		work.Tiers[tier] = actions.TierWork{Apply: true, Release: hash, Fence: 2, Mode: mode}
	}
	return work
}

// One object in the way stops only what depends on it: the other tiers are still scaled and
// created again, whatever the object is and whatever the error is. No Job is created and no
// tier is stopped meanwhile.
func TestObjectInTheWay(t *testing.T) {
	webhook := apierrors.NewInternalError(errors.New("failed calling webhook"))
	tiers := []string{"SupersetAsyncScheduler", "SupersetAsyncWorker", "SupersetWebWorker"}
	for name, tt := range map[string]struct {
		foreign         []client.Object
		errs            map[string]error
		mode            v1alpha1.Mode
		want            []string
		blocked, failed bool
	}{
		"nothing": {want: append([]string{"Service"}, append(tiers, "Job")...)},
		"foreign Service": {foreign: []client.Object{&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics"}}},
			want: tiers, blocked: true},
		"foreign Service in a Drain": {foreign: []client.Object{&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics"}}},
			mode: v1alpha1.ModeHold, blocked: true},
		"foreign worker": {foreign: []client.Object{&v1alpha1.SupersetAsyncWorker{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics"}}},
			want: []string{"Service", tiers[0], tiers[2]}, blocked: true},
		"webhook of Services": {errs: map[string]error{"Service": webhook}, want: tiers, failed: true},
		"webhook and foreign object": {foreign: []client.Object{&v1alpha1.SupersetAsyncScheduler{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics"}}},
			errs: map[string]error{"SupersetAsyncWorker": webhook}, want: []string{"Service", tiers[2]}, blocked: true, failed: true},
		"stale cache": {errs: map[string]error{"SupersetAsyncScheduler": apierrors.NewConflict(schema.GroupResource{}, "bi", stale.Err)},
			want: []string{"Service"}, failed: true},
		"lower fence": {errs: map[string]error{"SupersetAsyncScheduler": apierrors.NewInvalid(schema.GroupKind{}, "bi", nil)},
			want: []string{"Service"}, blocked: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := upgrading(t, v1alpha1.PhaseReady)
			w.objects, w.Stored = [3]v1alpha1.Component{}, w.Stored[:1]
			for tier := range w.Tiers {
				w.Tiers[tier] = state.Tier{}
			}
			var writes kinds
			c := failing(&writes, tt.errs, tt.foreign...)
			r := &Reconciler{Client: c, apply: apply.New(c, c), created: lru.New(8), releases: lru.New(8)}
			mode := tt.mode
			if mode == "" {
				mode = v1alpha1.ModeServe
			}
			blocked, failed := r.execute(t.Context(), s, w, everything(w.Desired.Hash, mode))
			if !slices.Equal(writes, tt.want) || (blocked != nil) != tt.blocked || (failed != nil) != tt.failed {
				t.Errorf("wrote %v, want %v; blocked: %v, failed: %v", writes, tt.want, blocked, failed)
			}
			if reason, _, isRejected := rejected(blocked); tt.blocked && (!isRejected || len(tt.foreign) > 0 && reason != v1alpha1.ReasonNameConflict) {
				t.Errorf("blocked by %v", blocked)
			}
		})
	}
}

// Replicas pass while a foreign Service is in the way (case: scaled in Ready).
func TestScaledNextToAForeignService(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	three := int32(3)
	s.Spec.Web.Replicas = &three
	live := w.desired.Component(components.Web, s).(*v1alpha1.SupersetWebWorker)
	live.OwnerReferences, live.UID = ownedBy(s.UID), "web"
	var writes kinds
	c := failing(&writes, nil, live, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics"}})
	w.objects[state.Web], w.Tiers[state.Web] = live, tiers.Of(live, nil)
	r := &Reconciler{Client: c, apply: apply.New(c, c), created: lru.New(8), releases: lru.New(8)}
	work := &actions.Work{Traffic: actions.TrafficToWeb}
	work.Tiers[state.Web] = actions.TierWork{Apply: true, Release: w.Desired.Hash, Fence: 2, Mode: v1alpha1.ModeServe}
	blocked, failed := r.execute(t.Context(), s, w, work)
	if blocked == nil || failed != nil || !slices.Equal(writes, []string{"SupersetWebWorker"}) {
		t.Errorf("wrote %v; blocked: %v, failed: %v", writes, blocked, failed)
	}
}
