// SPDX-License-Identifier: Apache-2.0

package components

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The account of the pods is part of the release, and its annotations are not. A podTemplate wins.
func TestServiceAccount(t *testing.T) {
	s := read(t, "plain")
	hashes := map[string]bool{releaseOf(t, s).Hash(): true}
	for _, c := range []struct {
		account     *v1alpha1.ServiceAccountSpec
		podTemplate string
		want        string
		isNew       bool
	}{
		{&v1alpha1.ServiceAccountSpec{}, `{}`, s.Name, true},
		{&v1alpha1.ServiceAccountSpec{Annotations: map[string]string{"a": "b"}}, `{}`, s.Name, false},
		{&v1alpha1.ServiceAccountSpec{Name: "mine"}, `{}`, "mine", true},
		{&v1alpha1.ServiceAccountSpec{Name: "mine"}, `{"spec":{"serviceAccountName":"theirs"}}`, "theirs", true},
	} {
		s := read(t, "plain")
		s.Spec.ServiceAccount, s.Spec.PodTemplate = c.account, raw(c.podTemplate)
		if c.podTemplate == `{}` {
			s.Spec.PodTemplate = nil
		}
		release := releaseOf(t, s)
		if isNew := !hashes[release.Hash()]; isNew != c.isNew {
			t.Errorf("%+v: a new release: %v, want %v", c.account, isNew, c.isNew)
		}
		hashes[release.Hash()] = true
		for _, d := range Catalog {
			deployment, err := Deployment(d, release.Component(d.Name, s), nil, Platform{})
			if err != nil {
				t.Fatal(err)
			}
			pod := deployment.Spec.Template.Spec
			if pod.ServiceAccountName != c.want || pod.DeprecatedServiceAccount != c.want {
				t.Errorf("%+v: %s runs as %q and %q, want %q", c.account, d.Name, pod.ServiceAccountName, pod.DeprecatedServiceAccount, c.want)
			}
		}
		page, err := Page(s, release, Platform{})
		if err != nil {
			t.Fatal(err)
		}
		if got := page.Spec.Template.Spec.ServiceAccountName; got == s.Name || got == "mine" {
			t.Errorf("the maintenance page runs as %s", got)
		}
	}
}

// The API server fills the old name of the field, which would bring a removed account back.
func TestPageHasBothNamesOfAnAccount(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{PodTemplate: raw(`{"spec":{"serviceAccountName":"theirs"}}`)}}
	page, err := Page(s, releaseOf(t, s), Platform{})
	if err != nil {
		t.Fatal(err)
	}
	if pod := page.Spec.Template.Spec; pod.ServiceAccountName != "theirs" || pod.DeprecatedServiceAccount != "theirs" {
		t.Errorf("the page runs as %q and %q", pod.ServiceAccountName, pod.DeprecatedServiceAccount)
	}
}
