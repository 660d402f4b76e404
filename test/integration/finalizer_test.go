// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A Drain waits for a pod with the finalizer of somebody else: the condition names
// both and has the command.
func TestForeignFinalizerInADrain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	stuck := f.finalize("web", "example.com/x")
	f.edit(version("6.0.0"))
	s := f.until("the pod is named", func(s *v1alpha1.Superset) bool { return strings.Contains(f.message(s), "example.com/x") })
	if c := condition(s, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonBlocked || s.Status.Phase != v1alpha1.PhaseDBMigrate {
		t.Errorf("phase %s, Ready %+v", s.Status.Phase, c)
	}
	contains(t, f.message(s), "pod "+stuck+" on node ", "finalizer example.com/x",
		"kubectl patch pod -n "+f.ns+" "+stuck+` --type=merge -p '{"metadata":{"finalizers":null}}'`)
	f.unfinalize(stuck)
	f.ready("6.0.0")
}

// finalize adds a finalizer to one pod of a component, and returns its name.
func (f *fixture) finalize(component, finalizer string) string {
	f.t.Helper()
	for _, pod := range f.tierPods() {
		if pod.Labels[v1alpha1.LabelComponent] == component {
			before := pod.DeepCopy()
			pod.Finalizers = append(pod.Finalizers, finalizer)
			must(f.t, k8s.Patch(f.t.Context(), &pod, client.MergeFrom(before)))
			f.t.Cleanup(func() { f.unfinalize(pod.Name) })
			return pod.Name
		}
	}
	f.t.Fatalf("no pod of %s", component)
	return ""
}

// unfinalize removes the finalizers of a pod, if it still exists.
func (f *fixture) unfinalize(name string) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: f.ns}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	if err := k8s.Patch(context.Background(), pod, patch); client.IgnoreNotFound(err) != nil {
		f.t.Error(err)
	}
}
