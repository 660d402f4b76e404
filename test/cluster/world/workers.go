// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// silent returns the hostnames in the environment of a verify Job without a ready worker pod now.
func silent(pods corelisters.PodLister, job *corev1.Pod) []string {
	var out []string
	for _, host := range strings.FieldsFunc(env(job, envWorkerHosts).Value, func(r rune) bool { return r == ',' }) {
		pod, err := pods.Pods(job.Namespace).Get(host)
		if err != nil || pod.DeletionTimestamp != nil || pod.Labels[labelComponent] != "worker" || !slices.ContainsFunc(pod.Status.Conditions, isReady) {
			out = append(out, host)
		}
	}
	return out
}

func isReady(c corev1.PodCondition) bool {
	return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
}

// checkWorkers is the name of the check of workers.
const checkWorkers = "Workers"

// unanswered is the check of workers that did not answer.
func unanswered(silent []string) Check {
	return Check{Name: checkWorkers, Detail: fmt.Sprintf("%d workers did not answer a ping: %s", len(silent), strings.Join(silent, ", "))}
}
