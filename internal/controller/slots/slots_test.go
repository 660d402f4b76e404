// SPDX-License-Identifier: Apache-2.0

package slots

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
)

// running is a Superset in a phase of a run of a kind.
func running(name string, phase v1alpha1.Phase, kind v1alpha1.SlotKind) *v1alpha1.Superset {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "n", UID: types.UID(name), ResourceVersion: "5"}}
	s.Status.Phase = phase
	s.Status.Upgrade = &v1alpha1.UpgradeStatus{Slot: kind, Phases: []v1alpha1.PhaseRecord{{Phase: phase}}}
	return s
}

// A Superset holds a slot while its run works. One that rests, is paused or waits at a gate
// holds none.
func TestSlotsThatAreHeld(t *testing.T) {
	paused, gate := running("paused", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotRollout), running("gate", v1alpha1.PhaseValidate, v1alpha1.SlotRollout)
	paused.Spec.Paused, gate.Status.Upgrade.Phases[0].Seconds = true, new(int64)
	none := []*v1alpha1.Superset{
		running("failed", v1alpha1.PhaseFailed, v1alpha1.SlotRollout), running("back", v1alpha1.PhaseRolledBack, v1alpha1.SlotRollout),
		running("ready", v1alpha1.PhaseReady, v1alpha1.SlotRollout), running("install", v1alpha1.PhaseDBMigrate, ""), paused, gate,
	}
	for name, c := range map[string]struct {
		others []*v1alpha1.Superset
		limits Limits
		given  map[types.UID]given
		want   map[v1alpha1.SlotKind]string
	}{
		"free": {none, Limits{1, 1}, nil, map[v1alpha1.SlotKind]string{}},
		"taken": {append(none, running("web", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotRollout)), Limits{1, 1}, nil,
			map[v1alpha1.SlotKind]string{v1alpha1.SlotRollout: "1 of 1 are taken (n/web)"}},
		"one of two": {append(none, running("web", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotRollout)), Limits{2, 1}, nil, map[v1alpha1.SlotKind]string{}},
		"no limit":   {append(none, running("web", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotUpgrade)), Limits{1, 0}, nil, map[v1alpha1.SlotKind]string{}},
		"both kinds": {[]*v1alpha1.Superset{running("a", v1alpha1.PhaseRollback, v1alpha1.SlotRollout), running("b", v1alpha1.PhaseValidate, v1alpha1.SlotUpgrade)}, Limits{1, 1}, nil,
			map[v1alpha1.SlotKind]string{v1alpha1.SlotRollout: "1 of 1 are taken (n/a)", v1alpha1.SlotUpgrade: "1 of 1 are taken (n/b)"}},
		"given, and not in the cache": {none, Limits{1, 1}, map[types.UID]given{"ready": {key("ready"), v1alpha1.SlotRollout, "6"}},
			map[v1alpha1.SlotKind]string{v1alpha1.SlotRollout: "1 of 1 are taken (n/ready)"}},
		"given, and given back": {none, Limits{1, 1}, map[types.UID]given{"ready": {key("ready"), v1alpha1.SlotRollout, "4"}}, map[v1alpha1.SlotKind]string{}},
		"its own":               {[]*v1alpha1.Superset{running("me", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotRollout)}, Limits{1, 1}, nil, map[v1alpha1.SlotKind]string{}},
	} {
		one := New(c.limits)
		maps.Copy(one.given, c.given)
		cache := watchtest.Builder()
		for _, s := range c.others {
			cache = cache.WithObjects(s.DeepCopy())
		}
		got, err := one.Busy(t.Context(), cache.Build(), running("me", v1alpha1.PhaseReady, ""))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// key is that of a Superset of these tests.
func key(name string) client.ObjectKey { return client.ObjectKey{Namespace: "n", Name: name} }

// What was given to a Superset, and that it waits, is forgotten when it is deleted.
func TestSlotsOfDeletedSupersets(t *testing.T) {
	one := New(Limits{Rollouts: 2})
	one.given["here"], one.given["gone"] = given{key("here"), v1alpha1.SlotRollout, "6"}, given{key("gone"), v1alpha1.SlotRollout, "6"}
	again := running("again", v1alpha1.PhaseReady, "")
	one.given["before"] = given{key("again"), v1alpha1.SlotRollout, "6"} // deleted and created again
	cache := watchtest.Builder().WithObjects(running("here", v1alpha1.PhaseReady, ""), again).Build()
	if busy, err := one.Busy(t.Context(), cache, running("me", v1alpha1.PhaseReady, "")); err != nil || len(busy) != 0 {
		t.Errorf("busy: %v, %v", busy, err)
	}
	if _, ok := one.given["here"]; !ok || len(one.given) != 1 {
		t.Errorf("given: %v", one.given)
	}
	one.Note(again, v1alpha1.SlotRollout)
	one.Note(running("here", v1alpha1.PhaseReady, ""), v1alpha1.SlotRollout)
	one.Forget(key("again"))
	if _, waits := one.waiting["again"]; waits || len(one.waiting) != 1 {
		t.Errorf("waiting: %v", one.waiting)
	}
}

// Of many runs that begin at the same time, only as many begin as there are slots, whatever
// the cache shows.
func TestSlotsAreGivenOnce(t *testing.T) {
	const many, limit = 20, 3
	var objects []client.Object
	for i := range many {
		objects = append(objects, running(fmt.Sprint("s", i), v1alpha1.PhaseReady, ""))
	}
	for _, s := range objects {
		s.SetResourceVersion("")
	}
	stale := watchtest.Builder()
	for _, s := range objects {
		stale = stale.WithObjects(s.DeepCopyObject().(client.Object))
	}
	cache := stale.Build() // never shows a run
	live := watchtest.Builder().WithObjects(objects...).WithStatusSubresource(objects...).Build()
	one := New(Limits{Rollouts: limit})
	var begun atomic.Int32
	var group sync.WaitGroup
	for _, object := range objects {
		group.Go(func() {
			s := &v1alpha1.Superset{}
			if err := live.Get(t.Context(), client.ObjectKeyFromObject(object), s); err != nil {
				t.Error(err)
				return
			}
			before := s.DeepCopy()
			s.Status.Phase, s.Status.Upgrade.Slot = v1alpha1.PhaseValidate, v1alpha1.SlotRollout
			patch := func() error { return apply.Status(t.Context(), live, s, before) }
			switch err := one.Begin(t.Context(), cache, s, patch); {
			case err == nil:
				begun.Add(1)
			case !apierrors.IsConflict(err):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if begun.Load() != limit {
		t.Errorf("%d runs have begun, want %d", begun.Load(), limit)
	}
}

// A Superset waits for a slot until a reconcile finds that it does not. Looking for a slot is
// no wait yet, and does not end one.
func TestSlotsThatAreWaitedFor(t *testing.T) {
	one, bi := New(Limits{}), running("bi", v1alpha1.PhaseReady, "")
	for _, kind := range []v1alpha1.SlotKind{"", v1alpha1.SlotRollout, v1alpha1.SlotUpgrade, ""} {
		one.Looks(bi)
		one.Note(bi, kind)
		one.Looks(bi)
		if got := one.WaitsFor("bi"); got != kind {
			t.Errorf("waits for %q, want %q", got, kind)
		}
		if got := one.WaitsFor("other"); got != "" {
			t.Errorf("another one waits for %q", got)
		}
	}
}

// A slot that is given back wakes those that wait or are about to look, and nobody else.
func TestFreedSlotsWakeWhoWaits(t *testing.T) {
	one := New(Limits{Rollouts: 1})
	one.Note(running("waits", v1alpha1.PhaseReady, ""), v1alpha1.SlotRollout)
	one.Looks(running("looks", v1alpha1.PhaseReady, ""))
	works, rests := running("works", v1alpha1.PhaseVerify, v1alpha1.SlotRollout), running("works", v1alpha1.PhaseReady, v1alpha1.SlotRollout)
	for name, send := range map[string]func(handler.EventHandler, workqueue.TypedRateLimitingInterface[reconcile.Request]){
		"ended": func(h handler.EventHandler, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			h.Update(t.Context(), event.UpdateEvent{ObjectOld: works, ObjectNew: rests}, q)
		},
		"deleted": func(h handler.EventHandler, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			h.Delete(t.Context(), event.DeleteEvent{Object: works}, q)
		},
		"goes on": func(h handler.EventHandler, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			h.Update(t.Context(), event.UpdateEvent{ObjectOld: works, ObjectNew: works}, q)
		},
	} {
		q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		send(one.Freed(), q)
		var woken []string
		for q.Len() > 0 {
			item, _ := q.Get()
			woken = append(woken, item.Name)
		}
		q.ShutDown()
		slices.Sort(woken)
		want := []string{"looks", "waits"}
		if name == "goes on" {
			want = nil
		}
		if !slices.Equal(woken, want) {
			t.Errorf("%s: woken %v, want %v", name, woken, want)
		}
	}
}
