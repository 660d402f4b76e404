// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// The variables for all pods are in every pod that runs Superset, those of Jobs included; those
// of a component win. Options of Celery and gunicorn are in the pods, too, and setting all of
// that is an upgrade like any other.
func TestVariablesInEveryPod(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, k8s.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "theirs", Namespace: f.ns}, Data: map[string]string{"C": "from"}}))
	two, eight := int32(2), int32(8)
	f.install("6.0.0")
	f.edit(func(s *v1alpha1.Superset) {
		s.Spec.Env = v1alpha1.EnvVars{{Name: "A", Value: "all"}, {Name: "B", Value: "$(A)"}}
		s.Spec.EnvFrom = v1alpha1.EnvFromSources{{ConfigMapRef: &v1alpha1.ObjectSelector{Name: "theirs"}}}
		s.Spec.Worker.Env = v1alpha1.EnvVars{{Name: "A", Value: "worker"}}
		s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Env: v1alpha1.EnvVars{{Name: "A", Value: "jobs"}}}}
		s.Spec.Worker.Celery = &v1alpha1.CelerySpec{Concurrency: &eight}
		s.Spec.Web.Gunicorn = &v1alpha1.GunicornSpec{Workers: &two}
	})
	f.phase("Validate")
	s := f.ready("6.0.0")
	checkVariables := func(what, a string, c corev1.Container) {
		t.Helper()
		got := map[string]string{}
		for _, e := range c.Env {
			got[e.Name] = e.Value
		}
		if got["A"] != a || got["B"] != "$(A)" || len(c.EnvFrom) != 1 || c.EnvFrom[0].ConfigMapRef.Name != "theirs" {
			t.Errorf("%s: A=%q, B=%q, envFrom %+v", what, got["A"], got["B"], c.EnvFrom)
		}
	}
	mains := map[components.Name]corev1.Container{}
	for name, a := range map[components.Name]string{components.Scheduler: "all", components.Worker: "worker", components.Web: "all"} {
		mains[name] = f.deploymentOf(name).Spec.Template.Spec.Containers[0]
		checkVariables(string(name), a, mains[name])
	}
	if args := mains[components.Worker].Args; !slices.Contains(args, "--concurrency=8") {
		t.Errorf("the worker runs with %v", args)
	}
	if env := mains[components.Web].Env; !slices.Contains(env, corev1.EnvVar{Name: "SERVER_WORKER_AMOUNT", Value: "2"}) {
		t.Errorf("web has the variables %+v", env)
	}
	var jobs batchv1.JobList
	must(t, k8s.List(t.Context(), &jobs, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelFence: "2"}))
	if len(jobs.Items) < 2 || s.Status.UpgradeRevision != 2 {
		t.Errorf("%d Jobs of run 2, which is run %d", len(jobs.Items), s.Status.UpgradeRevision)
	}
	for _, job := range jobs.Items {
		checkVariables(job.Name, "jobs", job.Spec.Template.Spec.Containers[0])
	}
}

// What config copies is read once per revision: a change of the ConfigMap alone rolls nothing
// out, another revision does, and a rollback brings back what was copied then.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	shared := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "shared", Namespace: f.ns}, Data: map[string]string{"a.py": "A = 1\n"}}
	inline := "an example"
	f.create("6.0.0", func(s *v1alpha1.Superset) {
		s.Spec.FeatureFlags = map[string]bool{"ALERT_REPORTS": true}
		s.Spec.Config.Settings = map[string]apiextensionsv1.JSON{"ROW_LIMIT": {Raw: []byte("5000")}, "NOTHING": {Raw: []byte("null")}, "MAP": {Raw: []byte(`{"a":null,"b":1.5}`)}}
		s.Spec.Config.From = []v1alpha1.ConfigSource{{ConfigMapKeyRef: v1alpha1.ConfigMapKeyReference{Name: "shared", Key: "a.py"}}}
		s.Spec.Config.Files = map[string]v1alpha1.ConfigFile{"note.txt": {Value: &inline}}
		s.Spec.Config.Revision = "1"
	})
	f.blockedInValidate("spec.config.from[0]: ConfigMap shared does not exist: create it")
	must(t, k8s.Create(t.Context(), shared))
	first := f.ready("6.0.0")
	copied := func(want string) {
		t.Helper()
		volume := f.deploymentOf(components.Web).Spec.Template.Spec.Volumes[0]
		var cm corev1.ConfigMap
		must(t, k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: volume.ConfigMap.Name}, &cm))
		if cm.Data["_from-0.py"] != want || cm.Data["note.txt"] != inline {
			t.Errorf("the pods mount %q, want %q", cm.Data, want)
		}
		contains(t, cm.Data["superset_config.py"], "MAP = {\"a\": None, \"b\": 1.5}\nNOTHING = None\nROW_LIMIT = 5000\nFEATURE_FLAGS = {\n    \"ALERT_REPORTS\": True,\n}\n", `operator_run("_from-0.py")`)
	}
	copied("A = 1\n")

	patch := client.MergeFrom(shared.DeepCopy())
	shared.Data["a.py"] = "A = 2\n"
	must(t, k8s.Patch(t.Context(), shared, patch))
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Config.Raw = "B = 1\n" }) // a run without another revision
	f.phase("Validate")
	f.ready("6.0.0")
	copied("A = 1\n")

	f.edit(func(s *v1alpha1.Superset) { s.Spec.Config.Revision = "2" })
	f.until("a run with the new copy", func(s *v1alpha1.Superset) bool { return s.Status.UpgradeRevision > first.Status.UpgradeRevision+1 })
	second := f.ready("6.0.0")
	copied("A = 2\n")

	must(t, k8s.Delete(t.Context(), shared)) // the copy is enough
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	f.until("the run is rolled back", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseRolledBack && s.Status.Release != second.Status.Release
	})
	copied("A = 1\n")
}

// A value that cannot be rendered fails Validate with the path of its field, and what to write.
func TestConfigThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("6.0.0", func(s *v1alpha1.Superset) {
		s.Spec.Config.Settings = map[string]apiextensionsv1.JSON{"row_limit": {Raw: []byte("5000")}}
	})
	s := f.phase("Failed")
	contains(t, condition(s, v1alpha1.ConditionReady).Message, "spec.config.settings.row_limit: a name consists of capitals", "write for example ROW_LIMIT")
	f.edit(func(s *v1alpha1.Superset) {
		s.Spec.Config.Settings = map[string]apiextensionsv1.JSON{"ROW_LIMIT": {Raw: []byte("5000")}}
	})
	f.ready("6.0.0")
}
