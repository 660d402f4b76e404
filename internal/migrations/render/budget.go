// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// The kubelet cuts each termination message at maxResult bytes, and so that all messages of a
// pod fit into podResults bytes: it divides these by the number of containers, init containers
// included. A cut result is no JSON any more.
const (
	maxResult  = 4096
	podResults = 12 << 10
	// injected is the number of containers that webhooks may add to the rendered ones.
	injected = 3
)

// reporting are the containers that write a result.
var reporting = []string{components.MainContainer, prepareContainer, upgradeContainer, serveContainer}

// limitResults sets the size of the results of a pod with all its containers.
func limitResults(pod *corev1.PodSpec) {
	limit := strconv.Itoa(min(maxResult, podResults/(len(pod.InitContainers)+len(pod.Containers)+injected)))
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			c := &containers[i]
			if !slices.Contains(reporting, c.Name) {
				continue
			}
			c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == superset.EnvResultBytes })
			c.Env = append(slices.Clip(c.Env), corev1.EnvVar{Name: superset.EnvResultBytes, Value: limit})
		}
	}
}
