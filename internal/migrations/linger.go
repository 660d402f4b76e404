// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/components"
)

// Lingering describes a Job whose script has ended, and whose pod goes on only because of
// another container, such as the proxy of a service mesh: the Job itself never ends.
type Lingering struct {
	// Container that runs.
	Container string
	// Since is when the script ended.
	Since time.Time
	// Failed is true when the script did not exit with 0.
	Failed bool
}

// Lingers describes a Job that lingers; ok is false for any other. A pod in which only native
// sidecars (init containers that are restarted) run is about to end by itself.
func Lingers(job *batchv1.Job, pods []*corev1.Pod) (l Lingering, ok bool) {
	mine := podsOf(job, pods)
	if Ended(job) || works(mine) {
		return Lingering{}, false
	}
	return lingering(mine)
}

// lingering describes the first of a Job's pods whose script has ended.
func lingering(pods []*corev1.Pod) (Lingering, bool) {
	for _, pod := range pods {
		main, other := components.MainEnded(pod), otherContainer(pod)
		if !components.PodEnded(pod) && main != nil && other != "" {
			return Lingering{Container: other, Since: main.FinishedAt.Time, Failed: main.ExitCode != 0}, true
		}
	}
	return Lingering{}, false
}

// works is true while a pod may still run its script.
func works(pods []*corev1.Pod) bool {
	for _, pod := range pods {
		if !components.PodEnded(pod) && (components.MainEnded(pod) == nil || otherContainer(pod) == "") {
			return true
		}
	}
	return false
}

// otherContainer is the first container besides the main one that has not ended; empty for none.
func otherContainer(pod *corev1.Pod) string {
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name != components.MainContainer && s.State.Terminated == nil {
			return s.Name
		}
	}
	return ""
}
