// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// tierOf judges a component by its own status, and its pods one by one: a
// Deployment's counts leave out those that are ending.
func tierOf(c v1alpha1.Component, pods []*corev1.Pod) lifecycle.Tier {
	spec, status := c.ComponentSpec(), c.ComponentStatus()
	t := lifecycle.Tier{
		Exists:  true,
		Release: spec.Release,
		Fence:   spec.Fence,
		Mode:    spec.Mode,
		Current: status.ObservedGeneration == c.GetGeneration() && status.Fence == spec.Fence,
		Pods:    len(pods),
		Blocked: components.Diagnose(pods),
	}
	t.Settled = t.Current && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
	if t.Blocked == "" && t.Current {
		t.Blocked = unmade(status)
	}
	hash := components.TierHash(spec)
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			notePod(&t, pod, pod.Labels[v1alpha1.LabelRelease] == hash)
		}
	}
	return t
}

// notePod notes a pod that is not ending, and whether it is of the tier's release.
func notePod(t *lifecycle.Tier, pod *corev1.Pod, current bool) {
	if podReady(pod) {
		t.Ready++
	}
	if !current {
		t.Stray++
		return
	}
	noteImage(t, imageID(pod))
	noteRestart(t, pod)
}

// noteImage notes what image one more pod of the release runs.
func noteImage(t *lifecycle.Tier, id string) {
	switch {
	case id == "" || id == t.Image:
	case t.Image == "":
		t.Image = id
	case t.OtherImage == "":
		t.OtherImage = max(t.Image, id) // whatever the order of the pods
		t.Image = min(t.Image, id)
	}
}

// imageID is what a pod's Superset container really runs: a tag may have been pushed
// anew between two pulls. Other containers are passed over: a mesh puts its own into
// the pods and changes them when it likes. Empty until the kubelet says it.
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

// noteRestart notes the last end of a container in a pod that is to go on.
func noteRestart(t *lifecycle.Tier, pod *corev1.Pod) {
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

// unmade is what keeps pods from being made at all, and so shows on none of
// them; empty when nothing does.
func unmade(status *v1alpha1.ComponentStatus) string {
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if c == nil || c.Reason != v1alpha1.ReasonBlocked {
		return ""
	}
	return c.Message
}

// podsOf are the pods of one component that have not ended.
func podsOf(pods []*corev1.Pod, name components.Name) []*corev1.Pod {
	var out []*corev1.Pod
	for _, pod := range pods {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if pod.Labels[v1alpha1.LabelComponent] == string(name) && !ended {
			out = append(out, pod)
		}
	}
	return out
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// lowestVersion of the pods that are not ending, and of what was found before.
func lowestVersion(lowest *semver.Version, pods []*corev1.Pod) *semver.Version {
	for _, pod := range pods {
		v, err := semver.StrictNewVersion(pod.Labels[v1alpha1.LabelVersion])
		if err == nil && pod.DeletionTimestamp == nil && (lowest == nil || v.LessThan(lowest)) {
			lowest = v
		}
	}
	return lowest
}
