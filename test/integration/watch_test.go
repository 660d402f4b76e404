// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/chronicle"
)

// recorder records every change in a namespace.
type recorder struct{ chronicle.Recorder }

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
	must(t, r.Also(ctx, k8s, ns, lists...))
}

// changes returns all changes so far, in the order of the API server.
func (r *recorder) changes() []change {
	var out []change
	for _, c := range r.Story() {
		out = append(out, change{c.At, c.Gone, c.Obj})
	}
	return out
}

// forget drops the recorded changes.
func (r *recorder) forget() { r.Forget() }

// phases returns the phases of a Superset, in order.
func (r *recorder) phases() []v1alpha1.Phase { return r.Phases() }

// livePods follows the pods of a component through the changes: after each change
// it calls see with the existing pods, including those that are ending.
func (r *recorder) livePods(component string, see func(at int64, pods []*corev1.Pod)) {
	live := map[string]*corev1.Pod{}
	for _, c := range r.changes() {
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

// neverTwoBeats checks that two scheduler pods never exist at the same time,
// including ending ones.
func (f *fixture) neverTwoBeats() {
	f.t.Helper()
	f.rec.livePods("scheduler", func(at int64, pods []*corev1.Pod) {
		if len(pods) > 1 {
			f.t.Errorf("at %d there are %d scheduler pods", at, len(pods))
		}
	})
}

// tiersInOrder checks, in the order of the API server, that no tier gets the
// target before its phase.
func (f *fixture) tiersInOrder(target string) {
	f.t.Helper()
	phase := v1alpha1.Phase("")
	allowed := map[string][]v1alpha1.Phase{
		"*v1alpha1.SupersetAsyncScheduler": {v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers},
		"*v1alpha1.SupersetAsyncWorker":    {v1alpha1.PhaseUpgradeWorkers},
		"*v1alpha1.SupersetWebWorker":      {v1alpha1.PhaseUpgradeWeb},
	}
	generations := map[string]int64{}
	for _, c := range f.rec.changes() {
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
