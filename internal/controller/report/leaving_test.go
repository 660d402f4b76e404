// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A pod that does not end is named once its grace period is over, or at once if its node is
// lost.
func TestLeaving(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	ending := func(name string, after time.Duration, edits ...func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", DeletionTimestamp: &metav1.Time{Time: now.Add(after - cleanUp)}}}
		for _, edit := range edits {
			edit(p)
		}
		return p
	}
	held := func(p *corev1.Pod) { p.Finalizers = []string{"example.com/x", "example.com/y"} }
	onNode := func(p *corev1.Pod) { p.Spec.NodeName = "n1" }
	lost := func(p *corev1.Pod) { p.Status.Reason = "NodeLost" }
	const force = " does not end: its grace period is over. Check the node. Only if its containers cannot run any more, run: kubectl delete pod -n ns "
	cases := map[string]struct {
		pods []*corev1.Pod
		want string
		next time.Duration
	}{
		"none":         {nil, "", 0},
		"runs":         {[]*corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "a", Finalizers: []string{"example.com/x"}}}}, "", 0},
		"grace period": {[]*corev1.Pod{ending("a", 9*time.Second, held), ending("b", 5*time.Second)}, "", 5 * time.Second},
		"finalizers": {[]*corev1.Pod{ending("b", -time.Second, held), ending("a", 0, held, onNode), ending("c", time.Second)},
			`pod a on node n1 does not end: finalizer example.com/x, example.com/y is not removed. Fix what removes it, or run: ` +
				`kubectl patch pod -n ns a --type=merge -p '{"metadata":{"finalizers":null}}'`, time.Second},
		"no finalizer": {[]*corev1.Pod{ending("a", -time.Second, onNode)}, "pod a on node n1" + force + "a --grace-period=0 --force", 0},
		"node lost":    {[]*corev1.Pod{ending("a", time.Minute, onNode, lost)}, "pod a on node n1" + force + "a --grace-period=0 --force", 0},
		"no node":      {[]*corev1.Pod{ending("a", 0)}, "pod a" + force + "a --grace-period=0 --force", 0},
	}
	for name, c := range cases {
		got, next := Leaving(c.pods, now)
		if got != c.want || next != c.next {
			t.Errorf("%s: %q, %s; want %q, %s", name, got, next, c.want, c.next)
		}
		if strings.Contains(got, "\n") {
			t.Errorf("%s: more than one line", name)
		}
	}
}
