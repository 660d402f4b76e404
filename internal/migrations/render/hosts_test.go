// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The workers that a Job asks are those that are ready when it is created, in a stable order.
func TestHosts(t *testing.T) {
	pod := func(name string, ready corev1.ConditionStatus, edits ...func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name},
			Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}}}
		for _, edit := range edits {
			edit(p)
		}
		return p
	}
	onNode := func(p *corev1.Pod) { p.Spec.HostNetwork, p.Spec.NodeName = true, "n1" }
	pods := []*corev1.Pod{
		pod("c", corev1.ConditionTrue), pod("b", corev1.ConditionFalse), pod("a", corev1.ConditionTrue),
		pod("d", corev1.ConditionTrue, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }),
		pod("e", corev1.ConditionTrue, onNode), pod("f", corev1.ConditionTrue, onNode),
		pod("g", corev1.ConditionTrue, func(p *corev1.Pod) { p.Spec.Hostname = "own" }),
		pod(strings.Repeat("x", 62)+"-yz", corev1.ConditionTrue),
	}
	if got, want := Hosts(pods), []string{"a", "c", "n1", "own", strings.Repeat("x", 62)}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Hosts(nil); len(got) != 0 {
		t.Errorf("%v for no pods", got)
	}
	for i := range 150 {
		pods = append(pods, pod(fmt.Sprint("z", i), corev1.ConditionTrue))
	}
	if got := Hosts(pods); len(got) != 100 {
		t.Errorf("%d hosts, want 100", len(got))
	}
}
