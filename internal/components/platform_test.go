// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// assigning is a cluster that assigns user and group ids.
var assigning = Platform{AssignsIDs: true}

func onPlatform(t *testing.T, c v1alpha1.Component, name Name, live *appsv1.Deployment, p Platform) *appsv1.Deployment {
	t.Helper()
	d, err := Deployment(Describe(name), c, live, p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A platform that assigns ids changes the ids and the home of the pods, and nothing else: no
// label, so that a release has one identity everywhere.
func TestAssignedIDs(t *testing.T) {
	s := read(t, "plain")
	pods := map[string][2]corev1.PodTemplateSpec{}
	for _, d := range Catalog {
		c := component(t, s, d.Name)
		pods[string(d.Name)] = [2]corev1.PodTemplateSpec{
			onPlatform(t, c, d.Name, nil, Platform{}).Spec.Template, onPlatform(t, c, d.Name, nil, assigning).Spec.Template}
	}
	for name, image := range map[string]string{"page": "", "page with an image": "registry.example.com/page:1"} {
		s.Spec.Upgrade.MaintenancePage.Image = image
		var page [2]corev1.PodTemplateSpec
		for i, p := range []Platform{{}, assigning} {
			d, err := Page(s, releaseOf(t, s), p)
			if err != nil {
				t.Fatal(err)
			}
			page[i] = d.Spec.Template
		}
		pods[name] = page
	}
	for name, p := range pods {
		plain, got := p[0], p[1]
		if id := got.Spec.SecurityContext; id.RunAsUser != nil || id.RunAsGroup != nil || id.FSGroup != nil {
			t.Errorf("%s has fixed ids: %+v", name, id)
		}
		want := plain.DeepCopy()
		want.Spec.SecurityContext.RunAsUser, want.Spec.SecurityContext.RunAsGroup, want.Spec.SecurityContext.FSGroup = nil, nil, nil
		main := &got.Spec.Containers[0]
		if !strings.HasPrefix(name, "page") { // the page writes nothing
			last := main.Env[len(main.Env)-1]
			if last.Name != "HOME" || last.Value != "/app/superset_home" {
				t.Errorf("%s has no writable home: %+v", name, last)
			}
			main.Env = main.Env[:len(main.Env)-1]
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A home or an id that the user sets counts on every platform.
func TestUserSetsHomeAndIDs(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Web.Env = []v1alpha1.EnvVar{{Name: "HOME", Value: "/data"}}
	s.Spec.Web.PodTemplate = raw(`{"spec":{"securityContext":{"runAsUser":1000690001}}}`)
	got := onPlatform(t, component(t, s, Web), Web, nil, assigning).Spec.Template.Spec
	var homes []string
	for _, e := range got.Containers[0].Env {
		if e.Name == "HOME" {
			homes = append(homes, e.Value)
		}
	}
	if id := got.SecurityContext.RunAsUser; len(homes) != 1 || homes[0] != "/data" || id == nil || *id != 1000690001 {
		t.Errorf("homes %v, security context %+v", homes, got.SecurityContext)
	}
}

// An operator that finds another platform than its predecessor restarts no tier. The next run
// of the Superset renders it for the new platform.
func TestAnotherPlatformRestartsNothing(t *testing.T) {
	c := component(t, read(t, "plain"), Web)
	for name, p := range map[string][2]Platform{"found": {{}, assigning}, "lost": {assigning, {}}} {
		live := onPlatform(t, c, Web, nil, p[0])
		if got := onPlatform(t, c, Web, live, p[1]); cmp.Diff(live.Spec.Template, got.Spec.Template) != "" {
			t.Errorf("%s: the pod template of a running tier changes", name)
		}
		next := component(t, read(t, "plain"), Web)
		next.ComponentSpec().Fence++
		if got := onPlatform(t, next, Web, live, p[1]); cmp.Diff(live.Spec.Template, got.Spec.Template) == "" {
			t.Errorf("%s: the next run keeps the pod template of the other platform", name)
		}
	}
}
