// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

func rehearsalPod(t *testing.T, s *v1alpha1.Superset, o Order) corev1.PodSpec {
	t.Helper()
	o.Script, o.Fence, o.Attempt = migrations.Rehearse, 1, 1
	job, err := Job(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return job.Spec.Template.Spec
}

// Only the first container gets the URI of the database, and no container that runs
// Superset's app gets the URL of the cache.
func TestRehearsalIsIsolated(t *testing.T) {
	s, r := read(t, "full")
	// A patch may set the URI, too.
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"containers":[{"name":"superset","env":[{"name":"SUPERSET_DATABASE_URI","value":"postgresql://elsewhere"}]}]}}`)}
	pod := rehearsalPod(t, s, Order{Release: r, Current: r})
	var withURI []string
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		for _, e := range c.Env {
			switch e.Name {
			case superset.EnvDatabaseURI:
				withURI = append(withURI, c.Name)
			case superset.EnvCacheURL:
				if c.Name != prepareContainer && (e.Value != connections.Nowhere || e.ValueFrom != nil) {
					t.Errorf("%s gets the URL of the cache: %+v", c.Name, e)
				}
			}
		}
	}
	if !slices.Equal(withURI, []string{prepareContainer}) {
		t.Errorf("containers with the URI of the database: %v", withURI)
	}
}

// The current release serves with its own configuration, image and key, and with the volumes
// of its own patch.
func TestRehearsalServesWithTheCurrentRelease(t *testing.T) {
	s, target := read(t, "plain")
	_, current := read(t, "full")
	current.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"volumes":[{"name":"ca","secret":{"secretName":"old-ca"}}],
		"containers":[{"name":"superset","volumeMounts":[{"name":"ca","mountPath":"/ca"}]}]}}`)}
	target.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"volumes":[{"name":"ca","secret":{"secretName":"new-ca"}}]}}`)}
	pod := rehearsalPod(t, s, Order{Release: target, Current: current})
	serve := pod.InitContainers[len(pod.InitContainers)-1]
	if serve.Name != serveContainer || !strings.Contains(serve.Image, current.Runtime.Version) {
		t.Fatalf("serves: %s of %s", serve.Name, serve.Image)
	}
	sources := map[string]string{}
	for _, m := range serve.VolumeMounts {
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if at < 0 {
			t.Fatalf("there is no volume for the mount %s", m.MountPath)
		}
		switch v := pod.Volumes[at]; {
		case v.ConfigMap != nil:
			sources[m.MountPath] = v.ConfigMap.Name
		case v.Secret != nil:
			sources[m.MountPath] = v.Secret.SecretName
		}
	}
	if sources[superset.ConfigDir] != current.ConfigMap || sources["/ca"] != "old-ca" {
		t.Errorf("it mounts %v", sources)
	}
}

// The user's scratch database replaces the operator's sidecar.
func TestRehearsalInTheUsersDatabase(t *testing.T) {
	s, r := read(t, "plain")
	size := resource.MustParse("1Gi")
	s.Spec.Upgrade.RehearsalJob = v1alpha1.RehearsalJobSpec{Image: "registry.invalid/postgres:16", Size: &size, ExcludeData: []string{"logs", "query"}}
	pod := rehearsalPod(t, s, Order{Release: r, Current: r})
	scratch := pod.InitContainers[0]
	if scratch.Name != scratchContainer || scratch.Image != "registry.invalid/postgres:16" || *scratch.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Errorf("sidecar: %+v", scratch)
	}
	if got := valueOf(scratch, superset.EnvExcludeData); got != "logs,query" {
		t.Errorf("excluded: %s", got)
	}
	if got := valueOf(scratch, superset.EnvScratchBytes); got != "966367638" && got != "966367629" {
		t.Errorf("size: %s, want nine tenths of 1Gi", got)
	}
	s.Spec.Upgrade.RehearsalJob = v1alpha1.RehearsalJobSpec{ScratchURIFrom: &v1alpha1.SecretKeyReference{Name: "scratch", Key: "uri"}}
	pod = rehearsalPod(t, s, Order{Release: r, Current: r})
	if first := pod.InitContainers[0]; first.Name != prepareContainer || !slices.ContainsFunc(first.Env, func(e corev1.EnvVar) bool {
		return e.Name == superset.EnvScratchURI && e.ValueFrom.SecretKeyRef.Name == "scratch"
	}) {
		t.Errorf("first: %+v", first)
	}
	for _, c := range pod.InitContainers {
		if valueOf(c, superset.EnvScratchBytes) != "" {
			t.Errorf("%s gets the size of a database that is not the operator's", c.Name)
		}
	}
}

func valueOf(c corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
