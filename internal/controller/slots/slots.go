// SPDX-License-Identifier: Apache-2.0

// Package slots limits how many runs are under way at a time.
package slots

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
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

// Slots divides the slots among the Supersets. One process reconciles them all, so it is
// enough that it does not give one slot to two.
type Slots struct {
	limits Limits
	// beginning is held while a run begins, mu while the maps are used.
	beginning, mu sync.Mutex
	// given has the runs that have begun and that the cache may not show yet, by uid.
	given map[types.UID]given
	// waiting has the Supersets that may wait for a slot, by uid.
	waiting map[types.UID]waiting
}

// given is a slot of a kind, and the resource version that the cache must reach.
type given struct {
	key             client.ObjectKey
	kind            v1alpha1.SlotKind
	resourceVersion string
}

// waiting is the kind of the slot that a Superset waits for; empty while it may wait.
type waiting struct {
	key  client.ObjectKey
	kind v1alpha1.SlotKind
}

// New divides as many slots as the limits say; none is taken.
func New(limits Limits) *Slots {
	return &Slots{limits: limits, given: map[types.UID]given{}, waiting: map[types.UID]waiting{}}
}

// Busy says for each kind which Supersets other than s hold all slots. Only those that hold
// one are looked at.
func (t *Slots) Busy(ctx context.Context, from client.Reader, s *v1alpha1.Superset) (map[v1alpha1.SlotKind]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[v1alpha1.SlotKind]string{}
	for _, kind := range []v1alpha1.SlotKind{v1alpha1.SlotRollout, v1alpha1.SlotUpgrade} {
		limit := t.limits.of(kind)
		if limit == 0 {
			continue
		}
		names, err := t.holders(ctx, from, s, kind)
		if err != nil {
			return nil, err
		}
		if len(names) >= limit {
			slices.Sort(names)
			out[kind] = fmt.Sprintf("%d of %d are taken (%s)", len(names), limit, strings.Join(names[:min(len(names), 3)], ", "))
		}
	}
	return out, nil
}

// holders are the Supersets other than s that hold a slot of a kind, by the cache or by what
// was given since.
func (t *Slots) holders(ctx context.Context, from client.Reader, s *v1alpha1.Superset, kind v1alpha1.SlotKind) ([]string, error) {
	var names []string
	for uid, g := range t.given {
		ahead, err := g.isAhead(ctx, from, uid)
		switch {
		case err != nil:
			return nil, err
		case !ahead:
			delete(t.given, uid)
		case g.kind == kind && uid != s.UID:
			names = append(names, g.key.String())
		}
	}
	var shown v1alpha1.SupersetList
	if err := from.List(ctx, &shown, watch.HoldingSlot(kind), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the Supersets that hold a slot: %w", err)
	}
	for i := range shown.Items {
		other := &shown.Items[i]
		if _, known := t.given[other.UID]; !known && other.UID != s.UID {
			names = append(names, other.Namespace+"/"+other.Name)
		}
	}
	return names, nil
}

// isAhead is true while the cache does not show a run that has begun. It is false for a
// Superset that was deleted.
func (g given) isAhead(ctx context.Context, from client.Reader, uid types.UID) (bool, error) {
	s := &v1alpha1.Superset{}
	err := from.Get(ctx, g.key, s)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading Superset %s: %w", g.key, err)
	}
	return s.UID == uid && stale.Older(s.ResourceVersion, g.resourceVersion), nil
}

// Looks notes a Superset before it looks for a slot, so that it misses none that is given
// back meanwhile.
func (t *Slots) Looks(s *v1alpha1.Superset) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.waiting[s.UID]; !known {
		t.waiting[s.UID] = waiting{key: client.ObjectKeyFromObject(s)}
	}
}

// Note remembers the slot that a Superset waits for; empty for none. The status of one that
// is Ready does not have it.
func (t *Slots) Note(s *v1alpha1.Superset, kind v1alpha1.SlotKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if kind == "" {
		delete(t.waiting, s.UID)
		return
	}
	t.waiting[s.UID] = waiting{client.ObjectKeyFromObject(s), kind}
}

// Forget ends the wait of a Superset that does not exist any more.
func (t *Slots) Forget(key client.ObjectKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uid, w := range t.waiting {
		if w.key == key {
			delete(t.waiting, uid)
		}
	}
}

// WaitsFor is the slot that the next run of a Superset waits for, as of its last reconcile;
// empty for none, and in a standby.
func (t *Slots) WaitsFor(uid types.UID) v1alpha1.SlotKind {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting[uid].kind
}

// Begin calls patch, which persists the run that a Superset begins with, if its slot is still
// free: two reconciles may have found the last one. Otherwise the error is a conflict, and it
// is decided again.
func (t *Slots) Begin(ctx context.Context, from client.Reader, s *v1alpha1.Superset, patch func() error) error {
	t.beginning.Lock()
	defer t.beginning.Unlock()
	kind := s.Status.Upgrade.Slot
	busy, err := t.Busy(ctx, from, s)
	if err != nil {
		return err
	}
	if busy[kind] != "" {
		return stale.Conflict(s)
	}
	if err := patch(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given[s.UID] = given{client.ObjectKeyFromObject(s), kind, s.ResourceVersion}
	return nil
}

// Freed enqueues the Supersets that wait for a slot when another one gives its slot back.
func (t *Slots) Freed() handler.EventHandler {
	wake := func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, w := range t.waiting {
			q.Add(reconcile.Request{NamespacedName: w.key})
		}
	}
	return handler.Funcs{
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			before, ok1 := e.ObjectOld.(*v1alpha1.Superset)
			after, ok2 := e.ObjectNew.(*v1alpha1.Superset)
			if ok1 && ok2 && lifecycle.HoldsSlot(before) != "" && lifecycle.HoldsSlot(after) == "" {
				wake(q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if s, ok := e.Object.(*v1alpha1.Superset); ok && lifecycle.HoldsSlot(s) != "" {
				wake(q)
			}
		},
	}
}
