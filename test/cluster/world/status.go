// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// statusPatch is the part of a pod's status that the world writes. Conditions are
// merged by type, the other lists replaced.
type statusPatch struct {
	Phase             corev1.PodPhase          `json:"phase,omitempty"`
	Conditions        []corev1.PodCondition    `json:"conditions,omitempty"`
	ContainerStatuses []corev1.ContainerStatus `json:"containerStatuses,omitempty"`
}

// patch changes the status of exactly this pod: the API server rejects it for a
// pod that was created again under the same name. A deleted pod is not an error.
func (w *World) patch(ctx context.Context, pod *corev1.Pod, status statusPatch) error {
	now := metav1.Now()
	for i := range status.Conditions {
		status.Conditions[i].LastTransitionTime = now
	}
	metadata := map[string]any{"uid": pod.UID}
	if status.Phase == "" {
		// The decision is from the observed version: if the pod has changed since, it
		// is decided again.
		metadata["resourceVersion"] = pod.ResourceVersion
	}
	body, err := json.Marshal(map[string]any{"metadata": metadata, "status": status})
	if err != nil {
		return fmt.Errorf("encoding the status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	_, err = w.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, body, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("writing the status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}

func notReady(reason string) []corev1.PodCondition {
	return []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: reason},
		{Type: corev1.ContainersReady, Status: corev1.ConditionFalse, Reason: reason},
	}
}

// terminate ends the main container with an outcome, and the pod unless it has another container.
func (w *World) terminate(ctx context.Context, pod *corev1.Pod, o Outcome) error {
	phase, reason, podReason := corev1.PodSucceeded, "Completed", "PodCompleted"
	if o.ExitCode != 0 {
		phase, reason, podReason = corev1.PodFailed, "Error", "PodFailed"
	}
	patch := statusPatch{Phase: phase, Conditions: notReady(podReason)}
	for _, container := range pod.Status.ContainerStatuses {
		if container.Name != mainOf(pod).Name {
			patch.Phase = corev1.PodRunning
			patch.ContainerStatuses = append(patch.ContainerStatuses, container)
			continue
		}
		begun := metav1.Now()
		if container.State.Running != nil {
			begun = container.State.Running.StartedAt
		}
		container.Ready, container.Started = false, new(bool)
		container.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: o.ExitCode, Reason: reason, Message: o.Message, StartedAt: begun, FinishedAt: metav1.Now(),
		}}
		patch.ContainerStatuses = append(patch.ContainerStatuses, container)
	}
	return w.patch(ctx, pod, patch)
}
