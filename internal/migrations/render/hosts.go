// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/components"
)

// maxHosts bounds the pods that a Job asks: a variable of 128 KiB would not start.
const maxHosts = 100

// Hosts are the hostnames of the pods that are ready now, in alphabetical order, at most
// maxHosts. A replica that is still to come says nothing about the release.
func Hosts(pods []*corev1.Pod) []string {
	var hosts []string
	for _, pod := range pods {
		if host := components.Hostname(pod); components.PodReady(pod) && pod.DeletionTimestamp == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	return hosts[:min(len(hosts), maxHosts)]
}
