// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// statsd asks for a StatsD exporter with an image, and health for the exporter of the broker.
func statsd(image string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		if s.Spec.Monitoring == nil {
			s.Spec.Monitoring = &v1alpha1.MonitoringSpec{}
		}
		s.Spec.Monitoring.StatsdExporter = &v1alpha1.StatsdExporterSpec{Image: image}
	}
}

func health(on bool) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		if s.Spec.Monitoring == nil {
			s.Spec.Monitoring = &v1alpha1.MonitoringSpec{}
		}
		if s.Spec.Monitoring.HealthExporter = nil; on {
			s.Spec.Monitoring.HealthExporter = &v1alpha1.HealthExporterSpec{}
		}
	}
}

func unmonitored(s *v1alpha1.Superset) { s.Spec.Monitoring = nil }

// An exporter whose image cannot be pulled holds neither the install nor an upgrade. Its own
// fields and the other exporter change no tier. Each upgrade writes the health exporter once.
// Without the field everything of them goes.
func TestExporters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", statsd("registry.example.com/statsd:1-unpullable"))
	for _, d := range components.Catalog {
		main := f.deploymentOf(d.Name).Spec.Template.Spec.Containers[0]
		if !slices.Contains(main.Env, corev1.EnvVar{Name: superset.EnvStatsdHost, Value: "bi-statsd"}) {
			t.Errorf("%s does not send StatsD: %v", d.Name, main.Env)
		}
	}
	if f.readyPods("statsd") != 0 || f.readyPods("health") != 0 {
		t.Error("an exporter is ready, although one cannot be pulled and the other is not asked for")
	}
	before := f.get().Status
	f.edit(statsd("registry.example.com/statsd:1"), health(true))
	eventually(t, "both exporters are ready", func() bool { return f.readyPods("statsd") == 1 && f.readyPods("health") == 1 })
	if now := f.ready("5.0.0").Status; now.Release != before.Release || now.UpgradeRevision != before.UpgradeRevision {
		t.Errorf("the exporters alone are another release: %d %s, was %d %s", now.UpgradeRevision, now.Release, before.UpgradeRevision, before.Release)
	}
	generation := f.deploymentOf(components.NameHealth).Generation
	statsdVersion := f.deploymentOf(components.NameStatsd).Generation

	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	eventually(t, "the health exporter runs the new release", func() bool {
		return strings.Contains(f.deploymentOf(components.NameHealth).Spec.Template.Spec.Containers[0].Image, "6.0.0")
	})
	if got := f.deploymentOf(components.NameHealth).Generation; got != generation+1 {
		t.Errorf("the upgrade has written the health exporter %d times, want once", got-generation)
	}
	if got := f.deploymentOf(components.NameStatsd).Generation; got != statsdVersion {
		t.Error("the upgrade has written the StatsD exporter")
	}

	f.edit(unmonitored)
	f.ready("6.0.0")
	eventually(t, "nothing of the exporters is left", func() bool { return len(f.exporterObjects()) == 0 })
	if main := f.deploymentOf(components.Web).Spec.Template.Spec.Containers[0]; strings.Contains(strings.Join(main.Command, ""), "operator_statsd") {
		t.Error("web still sends StatsD")
	}
}

// exporterObjects are the names of the objects of exporters, pods included.
func (f *fixture) exporterObjects() (out []string) {
	f.t.Helper()
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ConfigMapList{}, &corev1.PodList{}} {
		must(f.t, k8s.List(f.t.Context(), list, client.InNamespace(f.ns)))
		switch l := list.(type) {
		case *appsv1.DeploymentList:
			out = append(out, exporterNames(components.Pointers(l.Items))...)
		case *corev1.ServiceList:
			out = append(out, exporterNames(components.Pointers(l.Items))...)
		case *corev1.ConfigMapList:
			out = append(out, exporterNames(components.Pointers(l.Items))...)
		case *corev1.PodList:
			out = append(out, exporterNames(components.Pointers(l.Items))...)
		}
	}
	return out
}

func exporterNames[T client.Object](items []T) (out []string) {
	for _, item := range items {
		if name := item.GetName(); strings.HasPrefix(name, "bi-statsd") || strings.HasPrefix(name, "bi-health") {
			out = append(out, name)
		}
	}
	return out
}

func isBlocked(event string) bool {
	return strings.HasPrefix(event, v1alpha1.ReasonMonitoringBlocked+" Deployment ") && strings.Contains(event, "kubectl delete deployment")
}

// An object of somebody else with the name of an exporter stays as it is. An event reports it,
// and an upgrade goes on.
func TestForeignExporter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labels := map[string]string{"app": "other"}
	foreign := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "bi-health", Namespace: f.ns},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "other", Image: "registry.example.com/other:1"}}}}},
	}
	must(t, k8s.Create(t.Context(), foreign))
	f.install("5.0.0", health(true))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	eventually(t, "the event", func() bool { return slices.ContainsFunc(f.events(), isBlocked) })
	reported := 0
	for _, event := range f.events() {
		if isBlocked(event) {
			reported++
		}
	}
	if reported != 1 {
		t.Errorf("%d events report it, want one", reported)
	}
	f.edit(unmonitored)
	f.ready("6.0.0")
	if got := f.deploymentOf(components.NameHealth); got.UID != foreign.UID || got.Generation != foreign.Generation || len(got.OwnerReferences) > 0 {
		t.Errorf("the foreign Deployment was changed: %+v", got.ObjectMeta)
	}
}
