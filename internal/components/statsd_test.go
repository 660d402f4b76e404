// SPDX-License-Identifier: Apache-2.0

package components

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// withStatsd asks for a StatsD exporter with an image; empty for the default.
func withStatsd(image string) *v1alpha1.MonitoringSpec {
	return &v1alpha1.MonitoringSpec{StatsdExporter: &v1alpha1.StatsdExporterSpec{Image: image}}
}

func TestGoldenStatsdExporter(t *testing.T) {
	s := read(t, "full")
	if e, err := StatsdExporter(s, Platform{}); e != nil || err != nil {
		t.Errorf("without spec.monitoring: %v, %v", e, err)
	}
	s.Spec.Monitoring = withStatsd("")
	s.Spec.PodTemplate = raw(`{"spec":{"nodeSelector":{"disk":"fast"},"containers":[{"name":"superset","env":[{"name":"A","value":"1"}]}]}}`)
	e, err := StatsdExporter(s, Platform{})
	if err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "statsd.yaml", golden.YAML(t, e.Deployment)+"---\n"+golden.YAML(t, e.Service)+"---\n"+golden.YAML(t, e.ConfigMap))
}

// Every tier gets the host, and web a command that counts its requests. The exporter's own fields
// change no tier.
func TestStatsdInTheTiers(t *testing.T) {
	plain, asked, tuned := read(t, "plain"), read(t, "plain"), read(t, "plain")
	asked.Spec.Monitoring = withStatsd("")
	tuned.Spec.Monitoring = withStatsd("registry.example.com/statsd:1")
	for _, d := range Catalog {
		before := deployment(t, component(t, plain, d.Name), d.Name, nil).Spec.Template
		after := deployment(t, component(t, asked, d.Name), d.Name, nil).Spec.Template
		main := after.Spec.Containers[0]
		if !slices.Contains(main.Env, corev1.EnvVar{Name: superset.EnvStatsdHost, Value: "bi-statsd"}) {
			t.Errorf("%s has no %s: %v", d.Name, superset.EnvStatsdHost, main.Env)
		}
		if len(after.Spec.Containers) != 1 || len(after.Spec.InitContainers) != 0 {
			t.Errorf("%s has other containers", d.Name)
		}
		if counts := strings.Contains(strings.Join(main.Command, "\n"), "web.request."); counts != (d.Name == Web) {
			t.Errorf("%s counts requests: %v", d.Name, counts)
		}
		if cmp.Equal(before, after) {
			t.Errorf("%s is the same as without it", d.Name)
		}
		if diff := cmp.Diff(after, deployment(t, component(t, tuned, d.Name), d.Name, nil).Spec.Template); diff != "" {
			t.Errorf("%s changes with the image of the exporter:\n%s", d.Name, diff)
		}
	}
	if a, b := releaseOf(t, asked).Hash(), releaseOf(t, tuned).Hash(); a != b || WishOf(asked) != WishOf(tuned) {
		t.Error("the image of the exporter is part of the release")
	}
	if text := releaseOf(t, asked).Config; !strings.Contains(text, "STATS_LOGGER") {
		t.Errorf("no STATS_LOGGER in:\n%s", text)
	}
}

// The user's variable wins, and a command of the user stays.
func TestStatsdIsTheUsers(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Monitoring = withStatsd("")
	s.Spec.Web.Command = []string{"/opt/web.sh"}
	s.Spec.Web.Env = []v1alpha1.EnvVar{{Name: superset.EnvStatsdHost, Value: "other"}}
	main := deployment(t, component(t, s, Web), Web, nil).Spec.Template.Spec.Containers[0]
	if got := literal(&main, superset.EnvStatsdHost); got != "other" || main.Command[0] != "/opt/web.sh" {
		t.Errorf("%s=%s, command %q", superset.EnvStatsdHost, got, main.Command)
	}
}
