// SPDX-License-Identifier: Apache-2.0

package components

import (
	"cmp"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Health of a tier, derived from its Deployment and pods.
type Health struct {
	// Settled is true if the rollout is complete: the Deployment controller has
	// observed the newest spec, and exactly the desired number of pods exists, all
	// of them up to date and available.
	Settled bool
	// Exceeded is true once the rollout has made no progress for the progress deadline.
	Exceeded bool
	// Replicas and Ready are the number of all and of ready pods, as reported by the
	// Deployment.
	Replicas, Ready int32
	// Blocked says why a pod cannot run; empty if none is blocked.
	Blocked string
}

// HealthOf derives the health from a Deployment, which is nil if it does not exist
// yet, and its pods. Until the Deployment controller has observed the newest spec, its
// counts are outdated, so Settled stays false.
func HealthOf(d *appsv1.Deployment, pods []*corev1.Pod) Health {
	if d == nil {
		return Health{}
	}
	h := Health{Replicas: d.Status.Replicas, Ready: d.Status.ReadyReplicas, Blocked: Diagnose(pods)}
	if d.Status.ObservedGeneration < d.Generation {
		return h
	}
	h.Exceeded = progressExceeded(d)
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

// progressExceeded is true for a rollout without progress for the progress deadline. The
// Deployment controller does not judge a change of the number of replicas alone.
func progressExceeded(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		// The reason is a constant of k8s.io/kubernetes/pkg/controller/deployment/util.
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded" {
			return true
		}
	}
	return false
}

// replicaFailure says why pods cannot be created, for example because of a quota or an
// admission policy.
func replicaFailure(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return "pods cannot be created: " + c.Message
		}
	}
	return ""
}

// blocking has the waiting reasons that do not resolve on their own.
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

// Diagnose says why the first blocked pod cannot run; empty if none is blocked. The
// text does not contain the name of the pod, which changes with every attempt.
// Terminating pods are ignored.
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

// crashed is true for a container that was restarted after a failure and is not ready.
// Between two crashes it is in the same state as a container that starts.
func crashed(s corev1.ContainerStatus) bool {
	t := s.LastTerminationState.Terminated
	return s.State.Running != nil && !s.Ready && s.RestartCount > 0 && t != nil && t.ExitCode != 0
}

// lastExit is the last exit of a crashing container. It omits the restart count,
// because a message that changes at each restart causes a status write each time.
func lastExit(s corev1.ContainerStatus) string {
	t := s.LastTerminationState.Terminated
	if t == nil {
		return ""
	}
	return fmt.Sprintf(", last exit code %d (%s)", t.ExitCode, t.Reason)
}
