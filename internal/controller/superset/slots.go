// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Limits are how many runs of a kind may be under way at a time; 0 for any number.
type Limits struct {
	// Rollouts are runs that begin because this operator renders a spec differently.
	Rollouts int
	// Upgrades are runs that begin because spec has changed.
	Upgrades int
}

func (l Limits) of(kind v1alpha1.SlotKind) int {
	if kind == v1alpha1.SlotRollout {
		return l.Rollouts
	}
	return l.Upgrades
}

// slots divides the slots among the Supersets. One process reconciles them all, so it is
// enough that it does not give one slot to two.
type slots struct {
	limits Limits
	// beginning is held while a run begins, mu while given is used.
	beginning, mu sync.Mutex
	// given has the runs that have begun and that the cache may not show yet: by uid, the
	// kind, and the resource version that the cache must reach.
	given map[types.UID]given
}

type given struct {
	kind            v1alpha1.SlotKind
	resourceVersion string
}

// busy says for each kind which Supersets other than s hold all slots.
func (t *slots) busy(s *v1alpha1.Superset, all []v1alpha1.Superset) map[v1alpha1.SlotKind]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	holders := map[v1alpha1.SlotKind][]string{}
	for i := range all {
		other := &all[i]
		if kind := t.heldBy(other); kind != "" && other.UID != s.UID {
			holders[kind] = append(holders[kind], other.Namespace+"/"+other.Name)
		}
	}
	out := map[v1alpha1.SlotKind]string{}
	for kind, names := range holders {
		if limit := t.limits.of(kind); limit > 0 && len(names) >= limit {
			slices.Sort(names)
			out[kind] = fmt.Sprintf("%d of %d are taken (%s)", len(names), limit, strings.Join(names[:min(len(names), 3)], ", "))
		}
	}
	return out
}

// forgetDeleted drops what was given to Supersets that do not exist any more.
func (t *slots) forgetDeleted(all []v1alpha1.Superset) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.given, func(uid types.UID, _ given) bool {
		return !slices.ContainsFunc(all, func(s v1alpha1.Superset) bool { return s.UID == uid })
	})
}

// heldBy is what a Superset holds, by the cache or by what was given since.
func (t *slots) heldBy(s *v1alpha1.Superset) v1alpha1.SlotKind {
	g, ok := t.given[s.UID]
	if ok && older(s.ResourceVersion, g.resourceVersion) {
		return g.kind
	}
	delete(t.given, s.UID)
	return lifecycle.HoldsSlot(s)
}

// noteSlot remembers the slot that a Superset waits for; empty for none. The status of one that
// is Ready does not have it.
func (r *Reconciler) noteSlot(uid types.UID, kind v1alpha1.SlotKind) {
	if kind == "" {
		r.waiting.Remove(uid)
		return
	}
	r.waiting.Add(uid, kind)
}

// WaitsForSlot is the slot that the next run of a Superset waits for, as of its last reconcile;
// empty for none, and in a standby.
func (r *Reconciler) WaitsForSlot(uid types.UID) v1alpha1.SlotKind {
	kind, ok := r.waiting.Get(uid)
	if !ok {
		return ""
	}
	return kind.(v1alpha1.SlotKind)
}

// begin patches the status with a run that begins, if its slot is still free: two reconciles
// may have found the last one. Otherwise the error is a conflict, and it is decided again.
func (r *Reconciler) begin(ctx context.Context, s, before *v1alpha1.Superset) error {
	r.slots.beginning.Lock()
	defer r.slots.beginning.Unlock()
	var all v1alpha1.SupersetList
	if err := r.List(ctx, &all); err != nil {
		return fmt.Errorf("listing the Supersets: %w", err)
	}
	r.slots.forgetDeleted(all.Items)
	kind := s.Status.Upgrade.Slot
	if r.slots.busy(s, all.Items)[kind] != "" {
		return staleFor(s)
	}
	if err := apply.Status(ctx, r.Client, s, before); err != nil {
		return err
	}
	r.slots.mu.Lock()
	defer r.slots.mu.Unlock()
	r.slots.given[s.UID] = given{kind, s.ResourceVersion}
	return nil
}

// freed enqueues the Supersets that rest when another one gives its slot back.
func (r *Reconciler) freed() handler.EventHandler {
	wake := func(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		var all v1alpha1.SupersetList
		if err := r.List(ctx, &all); err != nil {
			return // the cache is read: it does not fail while the manager runs
		}
		for i := range all.Items {
			if state.Resting(all.Items[i].Status.Phase) {
				q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
			}
		}
	}
	return handler.Funcs{
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			before, ok1 := e.ObjectOld.(*v1alpha1.Superset)
			after, ok2 := e.ObjectNew.(*v1alpha1.Superset)
			if ok1 && ok2 && lifecycle.HoldsSlot(before) != "" && lifecycle.HoldsSlot(after) == "" {
				wake(ctx, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if s, ok := e.Object.(*v1alpha1.Superset); ok && lifecycle.HoldsSlot(s) != "" {
				wake(ctx, q)
			}
		},
	}
}
