// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Status and stored releases have these identities of what users wrote. If one of them
// changes for the same spec, an operator upgrade retries what had failed. A new field must
// be omitted from the JSON if it is empty, and have no default in the CRD. Do not change
// these values to make the test pass.
func TestWishesDoNotChange(t *testing.T) {
	for name, want := range map[string]string{"plain": "1b51cf0030", "full": "df2d3f0e0b"} {
		if got := WishOf(read(t, name)); got != want {
			t.Errorf("the wish of %s is %s, want %s", name, got, want)
		}
	}
}

// Everything of a release is part of the wish, and nothing else: neither replicas nor the
// upgrade policy.
func TestWishOf(t *testing.T) {
	base := WishOf(read(t, "plain"))
	three := int32(3)
	for name, c := range map[string]struct {
		edit    func(*v1alpha1.SupersetSpec)
		changes bool
	}{
		"version":     {func(s *v1alpha1.SupersetSpec) { s.Version = "6.1.0" }, true},
		"raw config":  {func(s *v1alpha1.SupersetSpec) { s.Config.Raw += "A = 1\n" }, true},
		"secret key":  {func(s *v1alpha1.SupersetSpec) { s.SecretKeyFrom.Key = "another" }, true},
		"env":         {func(s *v1alpha1.SupersetSpec) { s.Web.Env = []v1alpha1.EnvVar{{Name: "A", Value: "1"}} }, true},
		"all env":     {func(s *v1alpha1.SupersetSpec) { s.Env = v1alpha1.EnvVars{{Name: "A", Value: "1"}} }, true},
		"envFrom":     {func(s *v1alpha1.SupersetSpec) { s.EnvFrom = envFrom("a") }, true},
		"flags":       {func(s *v1alpha1.SupersetSpec) { s.FeatureFlags = map[string]bool{"A": false} }, true},
		"celery":      {func(s *v1alpha1.SupersetSpec) { s.Worker.Celery = &v1alpha1.CelerySpec{Concurrency: &three} }, true},
		"gunicorn":    {func(s *v1alpha1.SupersetSpec) { s.Web.Gunicorn = &v1alpha1.GunicornSpec{Workers: &three} }, true},
		"revision":    {func(s *v1alpha1.SupersetSpec) { s.Config.Revision = "2" }, true},
		"podTemplate": {func(s *v1alpha1.SupersetSpec) { s.PodTemplate = raw(`{"spec":{"priorityClassName":"high"}}`) }, true},
		"account":     {func(s *v1alpha1.SupersetSpec) { s.ServiceAccount = &v1alpha1.ServiceAccountSpec{} }, true},
		"init":        {func(s *v1alpha1.SupersetSpec) { s.Init = &v1alpha1.InitSpec{Script: "true"} }, true},
		"refresh":     {func(s *v1alpha1.SupersetSpec) { s.Refresh = "2026-11-29" }, true},
		"no worker":   {func(s *v1alpha1.SupersetSpec) { s.Worker = nil }, true},
		"jobs": {func(s *v1alpha1.SupersetSpec) {
			s.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Env: []v1alpha1.EnvVar{{Name: "A"}}}}
		}, true},
		"statsd": {func(s *v1alpha1.SupersetSpec) { s.Monitoring = withStatsd("") }, true},
		"health exporter": {func(s *v1alpha1.SupersetSpec) {
			s.Monitoring = &v1alpha1.MonitoringSpec{HealthExporter: &v1alpha1.HealthExporterSpec{}}
		}, false},
		"broken":   {func(s *v1alpha1.SupersetSpec) { s.PodTemplate = raw(`{"spec":{"nonsense":1}}`) }, true},
		"replicas": {func(s *v1alpha1.SupersetSpec) { s.Web.Replicas = &three }, false},
		"paused":   {func(s *v1alpha1.SupersetSpec) { s.Paused = true }, false},
		"policy":   {func(s *v1alpha1.SupersetSpec) { s.Upgrade.Strategy = v1alpha1.StrategyDrain }, false},
	} {
		s := read(t, "plain")
		c.edit(&s.Spec)
		if changed := WishOf(s) != base; changed != c.changes {
			t.Errorf("%s: changes the wish: %v, want %v", name, changed, c.changes)
		}
	}
}

// A Secret that has changed is another wish, and another release whose every tier is restarted. That
// Secrets are looked at is neither.
func TestRefreshOf(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Refresh = strings.Repeat("r", 63)
	wish, release := WishOf(s), releaseOf(t, s)
	s.Spec.RefreshSecrets = []v1alpha1.SecretName{"a"}
	s.Status.RefreshSecrets = &v1alpha1.RefreshSecretsStatus{Versions: map[string]string{"a": "1"}}
	if WishOf(s) != wish || releaseOf(t, s).Hash() != release.Hash() {
		t.Error("a Secret that has not changed changes the release")
	}
	seen := map[string]bool{wish: true}
	for _, token := range []string{"t", "u"} {
		s.Status.RefreshSecrets.Token = token
		next := releaseOf(t, s)
		if seen[WishOf(s)] || next.Hash() == release.Hash() || len(next.Refresh) > 63 {
			t.Errorf("token %s: wish %s, refresh %q", token, WishOf(s), next.Refresh)
		}
		for _, d := range Catalog {
			if TierHash(next.Component(d.Name, s).ComponentSpec()) == TierHash(release.Component(d.Name, s).ComponentSpec()) {
				t.Errorf("token %s does not restart the %s", token, d.Name)
			}
		}
		seen[WishOf(s)], release = true, next
	}
	s.Spec.Refresh = "another"
	if seen[WishOf(s)] {
		t.Error("spec.refresh does not count any more")
	}
}
