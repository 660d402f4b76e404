// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A quota refuses a pod if any of its containers is without a limit, so every container of
// every Job has the limits of spec.jobs, whether they are in resources or in podTemplate, and
// no request above them. The current release, which a rehearsal serves, may have none.
func TestEveryContainerHasTheLimits(t *testing.T) {
	limits := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("200Mi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Gi")}
	patch := []byte(`{"spec":{"containers":[{"name":"superset","resources":{
		"limits":{"cpu":"50m","memory":"200Mi","ephemeral-storage":"1Gi"},"requests":{"cpu":"50m","memory":"200Mi"}}}]}}`)
	for name, settings := range map[string]v1alpha1.PodSettings{
		"resources":   {Resources: &v1alpha1.Resources{Limits: limits}},
		"podTemplate": {PodTemplate: &runtime.RawExtension{Raw: patch}},
	} {
		s, r := read(t, "plain")
		_, current := read(t, "plain")
		r.Jobs = settings
		for _, script := range migrations.Scripts {
			job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Current: current, Backup: "r6", Database: "postgresql"})
			if err != nil {
				t.Fatal(err)
			}
			pod := job.Spec.Template.Spec
			for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
				for kind, want := range limits {
					if got := c.Resources.Limits[kind]; got.Cmp(want) != 0 {
						t.Errorf("%s: container %s of %s has limit %s of %s, want %s", name, c.Name, script, got.String(), kind, want.String())
					}
					if got := c.Resources.Requests[kind]; got.Cmp(want) > 0 {
						t.Errorf("%s: container %s of %s requests %s of %s, above its limit", name, c.Name, script, got.String(), kind)
					}
				}
			}
		}
	}
}
