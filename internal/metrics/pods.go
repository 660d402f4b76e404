// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// podsByInstance are the pods in the cache, by the Superset or the component that their labels
// name.
func (c *Collector) podsByInstance() map[client.ObjectKey][]*corev1.Pod {
	var list corev1.PodList
	if err := c.Reader.List(context.Background(), &list, client.UnsafeDisableDeepCopy); err != nil {
		logf.Log.WithName("metrics").V(1).Info("skipped the gauges of the pods", "error", err.Error()) // before they are in the cache
		return nil
	}
	out := map[client.ObjectKey][]*corev1.Pod{}
	for i := range list.Items {
		pod := &list.Items[i]
		key := client.ObjectKey{Namespace: pod.Namespace, Name: pod.Labels[v1alpha1.LabelInstance]}
		out[key] = append(out[key], pod)
	}
	return out
}

// pods sends the pods of each tier by version. Pods that have ended are left out.
func (g gauges) pods(all []*corev1.Pod) {
	for _, tier := range tiers {
		pods, ready := map[string]int{}, map[string]int{}
		for _, pod := range all {
			ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
			if ended || !components.OwnsPod(g.s.Name, components.Name(tier), pod) {
				continue
			}
			version := pod.Labels[v1alpha1.LabelVersion]
			pods[version]++
			if pod.DeletionTimestamp == nil && components.PodReady(pod) {
				ready[version]++
			}
		}
		for version, n := range pods {
			g.send(namePods, float64(n), tier, version)
			g.send(nameReadyPods, float64(ready[version]), tier, version)
		}
	}
}
