// SPDX-License-Identifier: Apache-2.0

package components

import (
	"cmp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// PodReady is true when the condition Ready of a pod is true.
func PodReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// MainEnded is how the main container of a pod has ended; nil while it has not. In a pod that
// never restarts it, nothing of Superset runs any more.
func MainEnded(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; s.Name == MainContainer {
			return s.State.Terminated
		}
	}
	return nil
}

// PodEnded is true when no container of a pod runs or will run.
func PodEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// OwnsPod is true for a pod of a component's Deployment: one of its ReplicaSets controls it, or
// has left it behind. Labels alone prove nothing: a pod of somebody else may have the same.
func OwnsPod(instance string, name Name, pod *corev1.Pod) bool {
	if pod.Labels[v1alpha1.LabelComponent] != string(name) {
		return false
	}
	hash, controller := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey], metav1.GetControllerOf(pod)
	if controller == nil {
		return hash != ""
	}
	return controller.Kind == "ReplicaSet" && controller.Name == DeploymentName(instance, name)+"-"+hash
}

// maxHostname is the maximum length of a hostname, in characters.
const maxHostname = 63

// Hostname is the hostname that the containers of a pod see: the kubelet derives it from the
// pod's name. In the network of the node it is that of the node, usually the node's name.
func Hostname(pod *corev1.Pod) string {
	if pod.Spec.HostNetwork {
		return pod.Spec.NodeName
	}
	host := cmp.Or(pod.Spec.Hostname, pod.Name)
	return strings.TrimRight(host[:min(len(host), maxHostname)], "-.")
}

// Pointers returns pointers to the items of a list.
func Pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
