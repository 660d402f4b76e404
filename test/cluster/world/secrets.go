// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// secretsFound is the condition without which kwok starts no pod that refers to a
// Secret.
const secretsFound corev1.PodConditionType = "sim.superset-operator.dev/SecretsFound"

// secretChanged checks again the pods that may have waited for the Secret.
func (w *World) secretChanged(ctx context.Context, object any) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	pods, err := w.pods.Pods(secret.Namespace).List(labels.Everything())
	w.complain(ctx, err)
	for _, pod := range pods {
		w.podChanged(ctx, pod)
	}
}

// admit lets a pending pod start, or reports which Secret it waits for. As with a
// kubelet, a failed image pull comes first.
func (w *World) admit(ctx context.Context, pod *corev1.Pod) error {
	if !refersToSecrets(pod) || behaviorOf(pod) == unpullable || condition(pod, secretsFound) == corev1.ConditionTrue {
		return nil
	}
	for i := range pod.Spec.Containers {
		if message := missing(w.secrets.Secrets(pod.Namespace), pod.Spec.Containers[i].Env); message != "" {
			return w.refuse(ctx, pod, message)
		}
	}
	return w.patch(ctx, pod, statusPatch{Conditions: []corev1.PodCondition{{Type: secretsFound, Status: corev1.ConditionTrue}}})
}

func refersToSecrets(pod *corev1.Pod) bool {
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, e := range container.Env {
			if reference(e) != nil {
				return true
			}
		}
	}
	return false
}

// reference is a Secret or key that must exist before the container starts.
func reference(e corev1.EnvVar) *corev1.SecretKeySelector {
	if e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil {
		return nil
	}
	if ref := e.ValueFrom.SecretKeyRef; ref.Optional == nil || !*ref.Optional {
		return ref
	}
	return nil
}

// missing describes the first missing reference in the kubelet's words; empty
// when all exist.
func missing(secrets corelisters.SecretNamespaceLister, variables []corev1.EnvVar) string {
	for _, e := range variables {
		ref := reference(e)
		if ref == nil {
			continue
		}
		secret, err := secrets.Get(ref.Name)
		switch {
		case apierrors.IsNotFound(err):
			return fmt.Sprintf("secret %q not found", ref.Name)
		case err != nil:
			return err.Error()
		}
		if _, ok := secret.Data[ref.Key]; !ok {
			return fmt.Sprintf("couldn't find key %s in Secret %s/%s", ref.Key, secret.Namespace, secret.Name)
		}
	}
	return ""
}

// refuse sets the status that a kubelet sets for a container that it cannot
// create.
func (w *World) refuse(ctx context.Context, pod *corev1.Pod, message string) error {
	if states := pod.Status.ContainerStatuses; len(states) > 0 && states[0].State.Waiting != nil && states[0].State.Waiting.Message == message {
		return nil
	}
	w.logf("%s/%s waits: %s", pod.Namespace, pod.Name, message)
	patch := statusPatch{Conditions: notReady("ContainersNotReady")}
	for _, container := range pod.Spec.Containers {
		patch.ContainerStatuses = append(patch.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Started: new(bool),
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: message}},
		})
	}
	return w.patch(ctx, pod, patch)
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}
