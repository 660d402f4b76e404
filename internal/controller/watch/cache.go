// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Cache limits the caches to the objects that the operator made: the rest of the cluster
// costs nothing. Namespaces limits them further; none means all. What is read of these kinds is
// the cache's own, not a copy, and must not be changed: the tests run with client-go's detector
// of mutations.
func Cache(namespaces []string) cache.Options {
	shared := true
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}), UnsafeDisableDeepCopy: &shared}
	pods, jobs := ours, ours
	pods.Transform, jobs.Transform = slimPod, slimJob
	o := cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.Deployment{}:         ours,
			&appsv1.ControllerRevision{}: ours,
			&batchv1.Job{}:               jobs,
			&corev1.Service{}:            ours,
			&corev1.ServiceAccount{}:     ours,
			&corev1.Pod{}:                pods,
			// Of these only the metadata is cached: see Metadata.
			&corev1.ConfigMap{}:             ours,
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

// Metadata is an empty object of a core kind of which the cache has only the metadata:
// ConfigMap or PersistentVolumeClaim. The content of a ConfigMap is read from the API server
// when a pod is about to mount it: see apply.Applier.Use.
func Metadata(kind string) *metav1.PartialObjectMetadata {
	out := &metav1.PartialObjectMetadata{}
	out.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return out
}

// MetadataList is a list of such objects.
func MetadataList(kind string) *metav1.PartialObjectMetadataList {
	out := &metav1.PartialObjectMetadataList{}
	out.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind + "List"))
	return out
}

// slimPod drops what the operator does not read: annotations, the spec but for the node and
// the hostname, and the status but for the phase and the containers.
func slimPod(in any) (any, error) {
	pod, ok := in.(*corev1.Pod)
	if !ok {
		return nil, fmt.Errorf("slimming a pod for the cache: it is a %T", in)
	}
	pod.ManagedFields, pod.Annotations = nil, nil
	pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName, Hostname: pod.Spec.Hostname, HostNetwork: pod.Spec.HostNetwork}
	pod.Status = corev1.PodStatus{
		Phase: pod.Status.Phase, Reason: pod.Status.Reason,
		Conditions:            slices.DeleteFunc(pod.Status.Conditions, isUnread),
		InitContainerStatuses: slimContainers(pod.Status.InitContainerStatuses),
		ContainerStatuses:     slimContainers(pod.Status.ContainerStatuses),
	}
	return pod, nil
}

func isUnread(c corev1.PodCondition) bool {
	return c.Type != corev1.PodReady && c.Type != corev1.PodScheduled
}

func slimContainers(all []corev1.ContainerStatus) []corev1.ContainerStatus {
	for i, s := range all {
		all[i] = corev1.ContainerStatus{
			Name: s.Name, State: s.State, LastTerminationState: s.LastTerminationState, Ready: s.Ready, RestartCount: s.RestartCount, ImageID: s.ImageID}
	}
	return all
}

// slimJob drops what the operator does not read of a Job: it never changes one. It reads of
// the pods their claim for backups, and the images of the init containers.
func slimJob(in any) (any, error) {
	job, ok := in.(*batchv1.Job)
	if !ok {
		return nil, fmt.Errorf("slimming a Job for the cache: it is a %T", in)
	}
	pod, slim := &job.Spec.Template.Spec, corev1.PodSpec{}
	for _, v := range pod.Volumes {
		if v.Name == migrations.BackupsVolume {
			slim.Volumes = append(slim.Volumes, v)
		}
	}
	for _, c := range pod.InitContainers {
		slim.InitContainers = append(slim.InitContainers, corev1.Container{Name: c.Name, Image: c.Image})
	}
	job.ManagedFields, job.Annotations = nil, nil
	job.Spec = batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: slim}}
	job.Status = batchv1.JobStatus{Conditions: job.Status.Conditions}
	return job, nil
}
