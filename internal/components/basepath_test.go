// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// below is a Superset that serves below a path.
func below(t *testing.T, version, path string) *v1alpha1.Superset {
	t.Helper()
	s := read(t, "plain")
	s.Spec.Version, s.Spec.Web.BasePath = version, path
	return s
}

// Every tier gets the path, and the probes and the URL of Verify follow what web really serves.
func TestBasePath(t *testing.T) {
	set := func(value string) []v1alpha1.EnvVar {
		return []v1alpha1.EnvVar{{Name: superset.EnvAppRoot, Value: value}}
	}
	const patch = `{"spec":{"containers":[{"name":"superset","env":[{"name":"SUPERSET_APP_ROOT","value":"/patched"}]}]}}`
	for name, c := range map[string]struct {
		version, path string
		env           []v1alpha1.EnvVar
		patch         string
		want          string
	}{
		"none":                        {"6.0.0", "", nil, "", ""},
		"basePath":                    {"6.0.0", "/analytics", nil, "", "/analytics"},
		"basePath, deeper":            {"6.1.0-rc1", "/a/b", nil, "", "/a/b"},
		"variable":                    {"6.0.0", "", set("/own"), "", "/own"},
		"variable, slash at the end":  {"6.0.0", "", set("/own/"), "", "/own"},
		"variable, the default":       {"6.0.0", "", set("/"), "", ""},
		"variable in podTemplate":     {"6.0.0", "", nil, patch, "/patched"},
		"variable, wins":              {"6.0.0", "/analytics", set("/own"), "", "/own"},
		"variable, before 6.0.0":      {"5.0.0", "", set("/own"), "", ""},
		"variable, version in a word": {"master", "", set("/own"), "", ""},
	} {
		s := below(t, c.version, c.path)
		s.Spec.Web.Env = c.env
		if c.patch != "" {
			s.Spec.Web.PodTemplate = raw(c.patch)
		}
		main := mainOf(&deployment(t, component(t, s, Web), Web, nil).Spec.Template.Spec)
		for _, probe := range []*corev1.Probe{main.StartupProbe, main.ReadinessProbe, main.LivenessProbe} {
			if probe.HTTPGet.Path != c.want+"/health" {
				t.Errorf("%s: probes %s, want %s/health", name, probe.HTTPGet.Path, c.want)
			}
		}
		if got := releaseOf(t, s).ServedPath(s); got != c.want {
			t.Errorf("%s: serves at %q, want %q", name, got, c.want)
		}
		for _, tier := range []Name{Worker, Scheduler} {
			main := mainOf(&deployment(t, component(t, s, tier), tier, nil).Spec.Template.Spec)
			if got := literal(main, superset.EnvAppRoot); got != c.path {
				t.Errorf("%s: %s has %q, want %q", name, tier, got, c.path)
			}
		}
	}
	if web.Startup.HTTPGet.Path != healthPath {
		t.Errorf("the probes of all Supersets have changed: %s", web.Startup.HTTPGet.Path)
	}
}

// A probe with a path of the user's stays.
func TestBasePathKeepsOwnProbes(t *testing.T) {
	s := below(t, "6.0.0", "/analytics")
	s.Spec.Web.PodTemplate = raw(`{"spec":{"containers":[{"name":"superset","readinessProbe":{"httpGet":{"path":"/own"}}}]}}`)
	main := mainOf(&deployment(t, component(t, s, Web), Web, nil).Spec.Template.Spec)
	if got := main.ReadinessProbe.HTTPGet.Path; got != "/own" {
		t.Errorf("readiness probe at %s, want /own", got)
	}
}

// Releases before 6.0.0 ignore the path: it is refused, also for a standalone component.
func TestBasePathNeedsItsVersion(t *testing.T) {
	s := below(t, "5.0.0", "/analytics")
	if _, err := ReleaseOf(s, nil); err == nil || !strings.HasPrefix(err.Error(), "spec.web.basePath: Superset 5.0.0 serves at / alone") {
		t.Errorf("got %v", err)
	}
	solo := &v1alpha1.SupersetWebWorker{}
	solo.Spec.Version, solo.Spec.BasePath = "5.0.0", "/analytics"
	if _, err := Deployment(web, solo, nil, Platform{}); err == nil || !strings.HasPrefix(err.Error(), "spec.basePath: Superset 5.0.0") {
		t.Errorf("standalone: got %v", err)
	}
}

// The path is part of the release and of the wish. A release without it has the JSON that it
// had before.
func TestBasePathIsPartOfTheRelease(t *testing.T) {
	with, without := below(t, "6.0.0", "/analytics"), below(t, "6.0.0", "")
	if releaseOf(t, with).Hash() == releaseOf(t, without).Hash() || WishOf(with) == WishOf(without) {
		t.Error("the path is not part of the release or of the wish")
	}
	for _, tier := range []Name{Web, Worker, Scheduler} {
		if TierHash(component(t, with, tier).ComponentSpec()) == TierHash(component(t, without, tier).ComponentSpec()) {
			t.Errorf("the path does not restart %s", tier)
		}
	}
	text, err := json.Marshal(releaseOf(t, without))
	if err != nil || strings.Contains(string(text), "basePath") {
		t.Errorf("%s, %v", text, err)
	}
}
