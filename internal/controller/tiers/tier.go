// SPDX-License-Identifier: Apache-2.0

package tiers

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Of judges a component by its status, and its pods one by one: the counts of a
// Deployment leave out terminating pods.
func Of(c v1alpha1.Component, pods []*corev1.Pod) state.Tier {
	spec, status := c.ComponentSpec(), c.ComponentStatus()
	t := state.Tier{
		Exists:  true,
		Release: spec.Release,
		Fence:   spec.Fence,
		Mode:    spec.Mode,
		Current: status.ObservedGeneration == c.GetGeneration() && status.Fence == spec.Fence,
		Pods:    len(pods),
		Blocked: components.Diagnose(pods),
	}
	t.Stalled = t.Current && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled)
	t.Scaling = !t.Current && status.Fence == spec.Fence
	t.Settled = t.Current && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
	if t.Blocked == "" && t.Current {
		t.Blocked = notCreated(status)
	}
	hash := components.TierHash(spec)
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			addPod(&t, pod, pod.Labels[v1alpha1.LabelRelease] == hash)
		}
	}
	return t
}

// addPod adds a pod that is not terminating. current is true for one of the tier's release.
func addPod(t *state.Tier, pod *corev1.Pod, current bool) {
	if components.PodReady(pod) {
		t.Ready++
	}
	if !current {
		t.Stray++
		return
	}
	addImage(t, imageID(pod))
	addRestart(t, pod)
}

// addImage adds the image of one more pod of the release.
func addImage(t *state.Tier, id string) {
	switch {
	case id == "" || id == t.Image:
	case t.Image == "":
		t.Image = id
	case t.OtherImage == "":
		t.OtherImage = max(t.Image, id) // whatever the order of the pods
		t.Image = min(t.Image, id)
	}
}

// imageID is the image that a pod's Superset container runs: a tag may have been pushed
// again between two pulls. Other containers are ignored: a service mesh injects and changes
// its own. Empty until the kubelet reports it.
func imageID(pod *corev1.Pod) string {
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == components.MainContainer {
			_, id, found := strings.Cut(s.ImageID, "@")
			if !found {
				return s.ImageID
			}
			return id
		}
	}
	return ""
}

// addRestart records the last time that a container of the pod ended.
func addRestart(t *state.Tier, pod *corev1.Pod) {
	for _, s := range pod.Status.ContainerStatuses {
		for _, ended := range []*corev1.ContainerStateTerminated{s.LastTerminationState.Terminated, s.State.Terminated} {
			if ended == nil || !ended.FinishedAt.After(t.RestartedAt) {
				continue
			}
			t.RestartedAt = ended.FinishedAt.Time
			t.Restart = fmt.Sprintf("container %s ended with exit code %d (%s)", s.Name, ended.ExitCode, ended.Reason)
		}
	}
}

// notCreated says why pods cannot be created at all, which no pod shows; empty when they
// can.
func notCreated(status *v1alpha1.ComponentStatus) string {
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if c == nil || c.Reason != v1alpha1.ReasonBlocked {
		return ""
	}
	return c.Message
}

// PodsOf are the pods of one component of an instance that have not ended.
func PodsOf(pods []*corev1.Pod, instance string, name components.Name) []*corev1.Pod {
	var out []*corev1.Pod
	for _, pod := range pods {
		if !components.PodEnded(pod) && components.OwnsPod(instance, name, pod) {
			out = append(out, pod)
		}
	}
	return out
}

// LowestVersion of the pods that are not terminating, and of an earlier result.
func LowestVersion(lowest *semver.Version, pods []*corev1.Pod) *semver.Version {
	for _, pod := range pods {
		v, err := semver.StrictNewVersion(pod.Labels[v1alpha1.LabelVersion])
		if err == nil && pod.DeletionTimestamp == nil && (lowest == nil || v.LessThan(lowest)) {
			lowest = v
		}
	}
	return lowest
}
