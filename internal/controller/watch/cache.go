// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Cache limits the caches to the objects that the operator made: the rest of the cluster
// costs nothing. Namespaces limits them further; none means all.
func Cache(namespaces []string) cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})}
	pods, revisions := ours, ours
	pods.Transform = slimPod
	revisions.Transform = cache.TransformStripManagedFields()
	o := cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}:         ours,
			&appsv1.ControllerRevision{}: revisions,
			&batchv1.Job{}:               ours,
			&corev1.ConfigMap{}:          ours,
			&corev1.Service{}:            ours,
			&corev1.Pod{}:                pods,
			// Only metadata is read of them: see the Superset controller.
			&corev1.PersistentVolumeClaim{}: ours,
		},
	}
	for _, ns := range namespaces {
		if o.DefaultNamespaces == nil {
			o.DefaultNamespaces = map[string]cache.Config{}
		}
		o.DefaultNamespaces[ns] = cache.Config{}
	}
	return o
}

// slimPod drops what the operator does not read: annotations, and the spec but for the
// node and the hostname.
func slimPod(in any) (any, error) {
	pod, ok := in.(*corev1.Pod)
	if !ok {
		return nil, fmt.Errorf("slimming a pod for the cache: it is a %T", in)
	}
	pod.ManagedFields, pod.Annotations = nil, nil
	pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName, Hostname: pod.Spec.Hostname, HostNetwork: pod.Spec.HostNetwork}
	return pod, nil
}
