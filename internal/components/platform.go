// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Platform has what a cluster demands of every pod. It is read once, at the start of the
// operator, and is no part of a release: the same release can be applied on any platform.
// The zero value is plain Kubernetes.
type Platform struct {
	// AssignsIDs is true if admission assigns user and group ids from a range of the
	// namespace, and refuses a pod with fixed ids, as OpenShift does.
	AssignsIDs bool
}

// restrict completes the security context of a pod: fixed ids, unless the platform assigns
// them. Superset's image declares its user by name, which the kubelet cannot verify not to
// be root, so there must be an id.
func (p Platform) restrict(pod *corev1.PodSecurityContext) {
	if p.AssignsIDs {
		return
	}
	id := int64(superset.UserID)
	pod.RunAsUser, pod.RunAsGroup, pod.FSGroup = &id, ptr(id), ptr(id)
}

// env are the variables that a platform adds. An assigned user id has no home in the image:
// programs would write to the root folder, which is read-only.
func (p Platform) env() []corev1.EnvVar {
	if !p.AssignsIDs {
		return nil
	}
	return []corev1.EnvVar{{Name: "HOME", Value: superset.HomeDir}}
}

// renderer identifies the renderer version on this platform.
func (p Platform) renderer(version int) string {
	if p.AssignsIDs {
		return strconv.Itoa(version) + "-assigned-ids"
	}
	return strconv.Itoa(version)
}
