// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
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
		"given, and not in the cache": {none, Limits{1, 1}, map[types.UID]given{"ready": {v1alpha1.SlotRollout, "6"}},
			map[v1alpha1.SlotKind]string{v1alpha1.SlotRollout: "1 of 1 are taken (n/ready)"}},
		"given, and given back": {none, Limits{1, 1}, map[types.UID]given{"ready": {v1alpha1.SlotRollout, "4"}}, map[v1alpha1.SlotKind]string{}},
		"its own":               {[]*v1alpha1.Superset{running("me", v1alpha1.PhaseUpgradeWeb, v1alpha1.SlotRollout)}, Limits{1, 1}, nil, map[v1alpha1.SlotKind]string{}},
	} {
		one := slots{limits: c.limits, given: c.given}
		if one.given == nil {
			one.given = map[types.UID]given{}
		}
		var all []v1alpha1.Superset
		for _, s := range c.others {
			all = append(all, *s)
		}
		if diff := cmp.Diff(c.want, one.busy(running("me", v1alpha1.PhaseReady, ""), all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What was given to a Superset is forgotten when the Superset is deleted.
func TestSlotsOfDeletedSupersets(t *testing.T) {
	one := slots{given: map[types.UID]given{"here": {v1alpha1.SlotRollout, "6"}, "gone": {v1alpha1.SlotRollout, "6"}}}
	one.forgetDeleted([]v1alpha1.Superset{*running("here", v1alpha1.PhaseReady, "")})
	if _, ok := one.given["here"]; !ok || len(one.given) != 1 {
		t.Errorf("got %v", one.given)
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
	scheme := watch.Scheme()
	stale := fake.NewClientBuilder().WithScheme(scheme)
	for _, s := range objects {
		stale = stale.WithObjects(s.DeepCopyObject().(client.Object))
	}
	cache := stale.Build() // never shows a run
	live := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(objects...).Build()
	r := &Reconciler{Client: listing{live, cache}, slots: slots{limits: Limits{Rollouts: limit}, given: map[types.UID]given{}}}
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
			switch err := r.begin(t.Context(), s, before); {
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

// listing reads lists from another client.
type listing struct {
	client.Client
	lists client.Client
}

func (l listing) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return l.lists.List(ctx, list, options...)
}

// A Superset waits for a slot until a reconcile finds that it does not.
func TestSlotsThatAreWaitedFor(t *testing.T) {
	r := &Reconciler{waiting: lru.New(8)}
	for _, kind := range []v1alpha1.SlotKind{"", v1alpha1.SlotRollout, v1alpha1.SlotUpgrade, ""} {
		r.noteSlot("bi", kind)
		if got := r.WaitsForSlot("bi"); got != kind {
			t.Errorf("waits for %q, want %q", got, kind)
		}
		if got := r.WaitsForSlot("other"); got != "" {
			t.Errorf("another one waits for %q", got)
		}
	}
}
