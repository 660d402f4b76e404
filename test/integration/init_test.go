// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/sample"
)

func initialized(spec v1alpha1.InitSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Init = &spec }
}

// A change of spec.init alone runs the migrate Job, restarts no pod, and leaves its results in status.
// A script that fails fails the run after the migration: it is rolled back, and a corrected script
// runs again.
func TestInit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user := &v1alpha1.AdminUserSpec{PasswordFrom: v1alpha1.SecretKeyReference{Name: sample.Name, Key: "secret-key"}}
	f.install("6.0.0")
	pods := f.deploymentOf(components.Web).Spec.Template
	f.edit(initialized(v1alpha1.InitSpec{AdminUser: user, Script: "true"}))
	f.until("what init has done is in status", func(s *v1alpha1.Superset) bool { return s.Status.Init != nil })
	s := f.ready("6.0.0")
	want := []v1alpha1.InitStep{{Step: "adminUser", Result: v1alpha1.InitDone, Message: "created user admin"}, {Step: "script", Result: v1alpha1.InitDone}}
	if diff := cmp.Diff(want, s.Status.Init.Steps); diff != "" || s.Status.Init.Release != s.Status.Release {
		t.Errorf("status.init of release %s, -want +got:\n%s", s.Status.Init.Release, diff)
	}
	if diff := cmp.Diff(pods, f.deploymentOf(components.Web).Spec.Template); diff != "" {
		t.Errorf("spec.init changes the pods of web, -before +after:\n%s", diff)
	}

	f.edit(version("6.1.0"), tag("6.1.0-"+string(world.InitFails)))
	s = f.rolledBack("6.0.0")
	if s.Status.Upgrade.Failure == nil || s.Status.Upgrade.Failure.Reason != "InitStepFailed" || s.Status.Schema.HalfMigrated {
		t.Errorf("the failure is %+v, the schema %+v", s.Status.Upgrade.Failure, s.Status.Schema)
	}
	contains(t, s.Status.Upgrade.Failure.Message, "spec.init.script ended with exit code 1")
	if n := len(s.Status.Init.Steps); n != 2 || s.Status.Init.Steps[1].Result != v1alpha1.InitFailed || s.Status.Init.Release == s.Status.Release {
		t.Errorf("status.init is %+v", s.Status.Init)
	}
	var jobs batchv1.JobList
	must(t, k8s.List(t.Context(), &jobs, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelFence: "3", v1alpha1.LabelScript: "migrate"}))
	if len(jobs.Items) != 1 {
		t.Errorf("%d migrate Jobs: a script that fails is not tried again", len(jobs.Items))
	}

	f.edit(tag(""), initialized(v1alpha1.InitSpec{AdminUser: user, Script: "exit 0"}))
	s = f.ready("6.1.0")
	if s.Status.Init.Release != s.Status.Release || s.Status.Init.Steps[1].Result != v1alpha1.InitDone {
		t.Errorf("status.init is %+v", s.Status.Init)
	}
}
