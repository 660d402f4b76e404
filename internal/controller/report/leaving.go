// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// nodeLost is the reason of a pod whose node does not report any more.
const nodeLost = "NodeLost"

// cleanUp is how long a kubelet may take to remove a pod after its grace period.
const cleanUp = 10 * time.Second

// Leaving says which pod does not end although its grace period is over, why, and what to
// do; empty if there is none. next is when the next pod may have to be named, from now; 0 if
// none. The deletion timestamp of a pod includes its grace period.
func Leaving(pods []*corev1.Pod, now time.Time) (why string, next time.Duration) {
	stuck := ""
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			continue
		}
		left := pod.DeletionTimestamp.Add(cleanUp).Sub(now)
		switch {
		case left > 0 && pod.Status.Reason != nodeLost:
			if next == 0 || left < next {
				next = left
			}
		case stuck == "" || pod.Name < stuck:
			stuck, why = pod.Name, doesNotEnd(pod)
		}
	}
	return why, next
}

func doesNotEnd(pod *corev1.Pod) string {
	where := "pod " + pod.Name
	if pod.Spec.NodeName != "" {
		where += " on node " + pod.Spec.NodeName
	}
	if len(pod.Finalizers) > 0 {
		return fmt.Sprintf("%s does not end: finalizer %s is not removed. Fix what removes it, or run: kubectl patch pod -n %s %s --type=merge -p '{\"metadata\":{\"finalizers\":null}}'",
			where, strings.Join(pod.Finalizers, ", "), pod.Namespace, pod.Name)
	}
	return fmt.Sprintf("%s does not end: its grace period is over. Check the node. Only if its containers cannot run any more, run: kubectl delete pod -n %s %s --grace-period=0 --force",
		where, pod.Namespace, pod.Name)
}
