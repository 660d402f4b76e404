// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// podsOf are pods of a tier of the Superset that waiting returns, one for each value of ready.
func podsOf(tier, version string, ready ...bool) (out []client.Object) {
	isController := true
	for i, is := range ready {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "analytics", Name: fmt.Sprintf("bi-%s-%s-%d", tier, version, i),
			Labels: map[string]string{
				v1alpha1.LabelInstance: "bi", v1alpha1.LabelComponent: tier, v1alpha1.LabelVersion: version, "pod-template-hash": "7d"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "bi-" + tier + "-7d", UID: "r", Controller: &isController}},
		}}
		if is {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		out = append(out, pod)
	}
	return out
}

// A terminating pod counts until it is gone and is not ready; pods that have ended, and those
// of somebody else, do not count.
func TestPods(t *testing.T) {
	objects := slices.Concat(
		podsOf("scheduler", "5.0.0", true), podsOf("scheduler", "6.0.0", true), podsOf("worker", "6.0.0", true, false, true),
		podsOf("web", "6.0.0", true), podsOf("job", "6.0.0", true), []client.Object{waiting()})
	now := metav1.NewTime(time.Unix(1_700_000_000, 0))
	leaving := objects[0].(*corev1.Pod)
	leaving.DeletionTimestamp, leaving.Finalizers = &now, []string{"test/hold"}
	foreign := podsOf("web", "6.0.0", true)[0].(*corev1.Pod)
	foreign.Name, foreign.OwnerReferences[0].Name = "foreign", "another-web-7d"
	ended := podsOf("worker", "5.0.0", true)[0].(*corev1.Pod)
	ended.Status.Phase = corev1.PodFailed
	elsewhere := podsOf("web", "6.0.0", true)[0].(*corev1.Pod)
	elsewhere.Namespace = "lab"
	var got []string
	for _, line := range series(t, append(objects, foreign, ended, elsewhere)...) {
		if strings.HasPrefix(line, "tier_") {
			got = append(got, line)
		}
	}
	want := []string{
		"tier_pods{tier=scheduler,version=5.0.0} 1", "tier_pods{tier=scheduler,version=6.0.0} 1", "tier_pods{tier=web,version=6.0.0} 1", "tier_pods{tier=worker,version=6.0.0} 3",
		"tier_ready_pods{tier=scheduler,version=5.0.0} 0", "tier_ready_pods{tier=scheduler,version=6.0.0} 1", "tier_ready_pods{tier=web,version=6.0.0} 1", "tier_ready_pods{tier=worker,version=6.0.0} 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
