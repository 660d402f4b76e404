// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// Packages are resolved once: every pod of the release installs what the preflight has found, and so
// do those of the next release with the same list. Another list is resolved again, and a rollback
// brings back the pins of its release.
func TestPackages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	list := func(driver v1alpha1.PackageRequirement) func(*v1alpha1.Superset) {
		return func(s *v1alpha1.Superset) { s.Spec.Packages = []v1alpha1.PackageRequirement{driver, "acme-tools==2.0"} }
	}
	f.install("6.0.0", list("acme-driver"))
	f.installs("acme-driver==1.1\nacme-tools==2.0")
	if got := installerOf(f.jobsOf("preflight", 1)[0].Spec.Template.Spec); got["SUPERSET_OPERATOR_RESOLVED"] == "" || got["SUPERSET_OPERATOR_PACKAGES"] != "acme-driver\nacme-tools==2.0" {
		t.Errorf("the first preflight: %v", got)
	}
	for _, script := range []string{"migrate", "verify"} {
		if got := installerOf(f.jobsOf(script, 1)[0].Spec.Template.Spec); got["SUPERSET_OPERATOR_RESOLVED"] != "" || got["SUPERSET_OPERATOR_PACKAGES"] != "acme-driver==1.1\nacme-tools==2.0" {
			t.Errorf("%s: %v", script, got)
		}
	}

	f.edit(func(s *v1alpha1.Superset) { s.Spec.Config.Raw = "B = 1\n" })
	f.phase("Validate")
	second := f.ready("6.0.0")
	f.installs("acme-driver==1.1\nacme-tools==2.0")

	f.edit(list("acme-driver>=1"))
	f.until("a run with another list", func(s *v1alpha1.Superset) bool { return s.Status.UpgradeRevision > second.Status.UpgradeRevision })
	third := f.ready("6.0.0")
	f.installs("acme-driver==1.3\nacme-tools==2.0")

	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	f.until("the run is rolled back", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseRolledBack && s.Status.Release != third.Status.Release
	})
	f.installs("acme-driver==1.1\nacme-tools==2.0")
}

// An index that does not answer is named in the condition, and nothing that runs is touched.
func TestPackageIndexUnreachable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	before := f.deploymentOf(components.Web).Generation
	f.edit(func(s *v1alpha1.Superset) {
		s.Spec.Packages = []v1alpha1.PackageRequirement{"acme-driver"}
		s.Spec.PackagesIndex = &v1alpha1.PackagesIndexSpec{URL: "https://" + world.UnreachableIndex + ".example/simple"}
	})
	f.conditionSays("PackageIndexUnreachable: spec.packages: the package index https://unreachable.example/simple does not answer")
	if f.deploymentOf(components.Web).Generation != before || len(f.jobsNow("migrate")) != 1 {
		t.Error("something was changed")
	}
	f.edit(func(s *v1alpha1.Superset) { s.Spec.PackagesIndex = nil })
	f.until("an index that answers", func(s *v1alpha1.Superset) bool { return s.Status.UpgradeRevision == 3 })
	f.ready("6.0.0")
	f.installs("acme-driver==1.3")
}

// conditionSays waits for a text in the message of Ready.
func (f *fixture) conditionSays(want string) {
	f.t.Helper()
	contains(f.t, condition(f.until(want, func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonRetrying
	}), v1alpha1.ConditionReady).Message, want)
}

// installs fails the test unless the pods of each tier install these lines, and import them.
func (f *fixture) installs(lines string) {
	f.t.Helper()
	for _, name := range []components.Name{components.Scheduler, components.Worker, components.Web} {
		pod := f.deploymentOf(name).Spec.Template.Spec
		if got := installerOf(pod)["SUPERSET_OPERATOR_PACKAGES"]; got != lines {
			f.t.Errorf("%s installs %q, want %q", name, got, lines)
		}
		if got := valueIn(pod.Containers[0].Env)["PYTHONPATH"]; got != "/app/pythonpath:/etc/superset-operator/packages" {
			f.t.Errorf("%s has the PYTHONPATH %q", name, got)
		}
	}
}

// installerOf are the variables of the init container that installs packages; nil without one.
func installerOf(pod corev1.PodSpec) map[string]string {
	for _, c := range pod.InitContainers {
		if c.Name == "packages" {
			return valueIn(c.Env)
		}
	}
	return nil
}

func valueIn(env []corev1.EnvVar) map[string]string {
	out := map[string]string{}
	for _, e := range env {
		out[e.Name] = e.Value
	}
	return out
}
