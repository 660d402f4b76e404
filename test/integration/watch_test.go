// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// recorder keeps every change in a namespace. Resource versions of all kinds
// come from one etcd, so they put the changes of all watches in one order.
type recorder struct {
	mu      sync.Mutex
	changes []change
}

type change struct {
	at   int64
	gone bool
	obj  client.Object
}

func record(t *testing.T, ns string) *recorder {
	t.Helper()
	r := &recorder{}
	r.also(t, ns, &v1alpha1.SupersetList{}, &v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{},
		&v1alpha1.SupersetAsyncSchedulerList{}, &corev1.PodList{})
	return r
}

// also records further kinds.
func (r *recorder) also(t *testing.T, ns string, lists ...client.ObjectList) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, list := range lists {
		w, err := k8s.Watch(ctx, list, client.InNamespace(ns))
		must(t, err)
		go r.follow(w)
	}
}

func (r *recorder) follow(w watch.Interface) {
	for e := range w.ResultChan() {
		obj, ok := e.Object.(client.Object)
		if !ok {
			continue
		}
		at, err := strconv.ParseInt(obj.GetResourceVersion(), 10, 64)
		if err != nil {
			continue
		}
		r.mu.Lock()
		r.changes = append(r.changes, change{at, e.Type == watch.Deleted, obj})
		r.mu.Unlock()
	}
}

// story is all changes so far, in the API server's order.
func (r *recorder) story() []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.changes)
	slices.SortStableFunc(out, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return out
}

// forget drops what was recorded.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = nil
}

// phases are those that a Superset went through, one after another.
func (r *recorder) phases() []v1alpha1.Phase {
	var out []v1alpha1.Phase
	for _, c := range r.story() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok && (len(out) == 0 || out[len(out)-1] != s.Status.Phase) {
			out = append(out, s.Status.Phase)
		}
	}
	return out
}

// String is the story, short, for a test that failed.
func (r *recorder) String() string {
	var b strings.Builder
	for _, c := range r.story() {
		switch o := c.obj.(type) {
		case *v1alpha1.Superset:
			ready := condition(o, v1alpha1.ConditionReady)
			fmt.Fprintf(&b, "%d superset %s %s: %s\n", c.at, o.Status.Phase, ready.Reason, ready.Message)
		case v1alpha1.Component:
			spec := o.ComponentSpec()
			fmt.Fprintf(&b, "%d %T %s %s fence %d, status: generation %d of %d, fence %d\n", c.at, o, spec.Version, spec.Mode, spec.Fence,
				o.ComponentStatus().ObservedGeneration, o.GetGeneration(), o.ComponentStatus().Fence)
		case *corev1.Pod:
			fmt.Fprintf(&b, "%d pod %s %s gone %v ending %v\n", c.at, o.Name, o.Status.Phase, c.gone, o.DeletionTimestamp != nil)
		}
	}
	return b.String()
}

// livePods follows a component's pods through the story: after each change it
// calls see with those that exist, the ones that are ending included.
func (r *recorder) livePods(component string, see func(at int64, pods []*corev1.Pod)) {
	live := map[string]*corev1.Pod{}
	for _, c := range r.story() {
		pod, ok := c.obj.(*corev1.Pod)
		if !ok || pod.Labels[v1alpha1.LabelComponent] != component {
			continue
		}
		if c.gone {
			delete(live, pod.Name)
		} else {
			live[pod.Name] = pod
		}
		see(c.at, slices.Collect(maps.Values(live)))
	}
}

func podIsReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return pod.DeletionTimestamp == nil
		}
	}
	return false
}

// neverTwoBeats: at no moment do two scheduler pods exist, ending ones included.
func (f *fixture) neverTwoBeats() {
	f.t.Helper()
	f.rec.livePods("scheduler", func(at int64, pods []*corev1.Pod) {
		if len(pods) > 1 {
			f.t.Errorf("at %d there are %d scheduler pods", at, len(pods))
		}
	})
}

// inTurn: no tier is given the target before its phase, seen in the API
// server's order.
func (f *fixture) inTurn(target string) {
	f.t.Helper()
	phase := v1alpha1.Phase("")
	allowed := map[string][]v1alpha1.Phase{
		"*v1alpha1.SupersetAsyncScheduler": {v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers},
		"*v1alpha1.SupersetAsyncWorker":    {v1alpha1.PhaseUpgradeWorkers},
		"*v1alpha1.SupersetWebWorker":      {v1alpha1.PhaseUpgradeWeb},
	}
	generations := map[string]int64{}
	for _, c := range f.rec.story() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok {
			phase = s.Status.Phase
			continue
		}
		component, ok := c.obj.(v1alpha1.Component)
		kind := fmt.Sprintf("%T", c.obj)
		if !ok || generations[kind] == component.GetGeneration() {
			continue
		}
		generations[kind] = component.GetGeneration()
		if component.ComponentSpec().Version == target && !slices.Contains(allowed[kind], phase) {
			f.t.Errorf("%s is at %s in phase %s, not in %v", kind, target, phase, allowed[kind])
		}
	}
}
