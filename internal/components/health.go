// SPDX-License-Identifier: Apache-2.0

package components

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Health is what a Deployment and its pods say of a tier.
type Health struct {
	// Settled is true when the Deployment controller has seen the newest spec
	// and exactly the wanted pods run, all of them new and available.
	Settled bool
	// Replicas and Ready count the pods, as the Deployment counts them.
	Replicas, Ready int32
	// Blocked says why a pod cannot run; empty when nothing is in the way.
	Blocked string
}

// HealthOf judges a Deployment (nil when it does not exist yet) and its pods.
// The newest spec must have been seen before any count is read: a count from
// before a change says "done" when nothing is.
func HealthOf(d *appsv1.Deployment, pods []*corev1.Pod) Health {
	if d == nil {
		return Health{}
	}
	h := Health{Replicas: d.Status.Replicas, Ready: d.Status.ReadyReplicas, Blocked: Diagnose(pods)}
	if d.Status.ObservedGeneration < d.Generation {
		return h
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	h.Settled = d.Status.UpdatedReplicas == want && d.Status.Replicas == want && d.Status.AvailableReplicas == want
	if h.Blocked == "" {
		h.Blocked = replicaFailure(d)
	}
	return h
}

// replicaFailure is why pods could not even be created: a quota, or a policy.
func replicaFailure(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return "pods cannot be created: " + c.Message
		}
	}
	return ""
}

// blocking are the waiting reasons that do not pass by themselves.
var blocking = map[string]bool{
	"ImagePullBackOff":           true,
	"ErrImagePull":               true,
	"ErrImageNeverPull":          true,
	"InvalidImageName":           true,
	"CreateContainerConfigError": true,
	"CreateContainerError":       true,
	"CrashLoopBackOff":           true,
	"RunContainerError":          true,
}

// Diagnose says why the first of the pods cannot run, with the pod's name left
// out (it changes with every try); empty when none is blocked. Pods that end
// are passed over.
func Diagnose(pods []*corev1.Pod) string {
	sorted := slices.SortedFunc(slices.Values(pods), func(a, b *corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	for _, pod := range sorted {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if why := diagnosePod(pod); why != "" {
			return why
		}
	}
	return ""
}

func diagnosePod(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return "pod cannot be scheduled: " + c.Message
		}
	}
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, s := range statuses {
		waiting := s.State.Waiting
		switch {
		case waiting != nil && waiting.Reason == "CrashLoopBackOff", crashed(s):
			return "container " + s.Name + " crashes" + lastExit(s)
		case waiting != nil && blocking[waiting.Reason]:
			return fmt.Sprintf("container %s waits: %s: %s", s.Name, waiting.Reason, waiting.Message)
		}
	}
	return ""
}

// crashed is true for a container that runs once more after a failure and is not
// ready: between two crashes it looks like one that starts.
func crashed(s corev1.ContainerStatus) bool {
	t := s.LastTerminationState.Terminated
	return s.State.Running != nil && !s.Ready && s.RestartCount > 0 && t != nil && t.ExitCode != 0
}

// lastExit tells how a crashing container ended, without its restart count: a
// message that changes with each restart would be written with each restart.
func lastExit(s corev1.ContainerStatus) string {
	t := s.LastTerminationState.Terminated
	if t == nil {
		return ""
	}
	return fmt.Sprintf(", last exit code %d (%s)", t.ExitCode, t.Reason)
}
