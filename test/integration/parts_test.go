// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// byParts gives the connections by their parts, with the database as that user.
func byParts(user string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		password := &v1alpha1.SecretKeyReference{Name: "parts", Key: user}
		s.Spec.Database = v1alpha1.DatabaseSpec{DatabaseConnection: v1alpha1.DatabaseConnection{Host: "db.example", Name: "bi", User: user, PasswordFrom: password}}
		s.Spec.Cache = &v1alpha1.CacheSpec{Host: "redis.example", PasswordFrom: password, Databases: &v1alpha1.CacheDatabases{Celery: 1}}
	}
}

func (f *fixture) passwords(users ...string) {
	f.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "parts", Namespace: f.ns}, StringData: map[string]string{}}
	for _, user := range users {
		secret.StringData[user] = "not-a-real-password"
	}
	must(f.t, k8s.Create(f.t.Context(), secret))
}

// variables are those of a container: the value, or the key of the Secret.
func variables(c *corev1.Container) map[string]string {
	out := map[string]string{}
	for _, e := range c.Env {
		out[e.Name] = e.Value
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			out[e.Name] = e.ValueFrom.SecretKeyRef.Key
		}
	}
	return out
}

// connectsAs checks the account of every tier, and that its configuration can make the URLs.
func (f *fixture) connectsAs(user string) {
	f.t.Helper()
	for _, d := range components.Catalog {
		pod := f.deploymentOf(d.Name).Spec.Template.Spec
		got := variables(&pod.Containers[0])
		if got["DB_USER"] != user || got["DB_PASS"] != user || got["REDIS_PASSWORD"] != user || got["DB_HOST"] != "db.example" || got["REDIS_CELERY_DB"] != "1" {
			f.t.Errorf("%s has the variables %v, want the account %s", d.Name, got, user)
		}
		var config corev1.ConfigMap
		must(f.t, k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: pod.Volumes[0].ConfigMap.Name}, &config))
		if config.Data[superset.ConnectionsFile] == "" {
			f.t.Errorf("%s mounts no %s", d.Name, superset.ConnectionsFile)
		}
	}
}

// A Superset whose connections are given by parts becomes Ready. Another account is rolled out as a
// change of the release on the same database, and a rollback brings the earlier one back.
func TestConnectionsByParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.passwords("first", "second")
	f.install("6.0.0", byParts("first"))
	f.connectsAs("first")
	before := f.get().Status.Release
	f.edit(byParts("second"))
	s := f.until("Ready with the second account", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != before
	})
	if p := s.Status.Upgrade.Plan; s.Status.Upgrade.Kind != v1alpha1.KindConfigChange || p.Rollback != v1alpha1.RollbackImage {
		t.Errorf("a %s, whose plan is %+v", s.Status.Upgrade.Kind, p)
	}
	f.connectsAs("second")
	f.edit(annotation(v1alpha1.AnnotationRollback, "first"))
	f.rolledBack("6.0.0")
	f.connectsAs("first")
}

// Only the Jobs have the connection of database.jobs, and a change of it restarts no pod. Preflight
// has that of the application, too.
func TestConnectionOfTheJobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.passwords("app", "owner")
	f.install("6.0.0", byParts("app"))
	pods := map[components.Name]string{}
	for _, d := range components.Catalog {
		pods[d.Name] = f.deploymentOf(d.Name).Spec.Template.Labels[v1alpha1.LabelRelease]
	}
	before := f.get().Status.Release
	f.edit(func(s *v1alpha1.Superset) {
		s.Spec.Database.Jobs = &v1alpha1.DatabaseConnection{Host: "db.example", Name: "bi", User: "owner", PasswordFrom: &v1alpha1.SecretKeyReference{Name: "parts", Key: "owner"}}
	})
	f.until("Ready with the connection of the Jobs", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != before
	})
	f.connectsAs("app")
	for _, d := range components.Catalog {
		if got := f.deploymentOf(d.Name).Spec.Template.Labels[v1alpha1.LabelRelease]; got != pods[d.Name] {
			t.Errorf("the pods of %s were restarted", d.Name)
		}
	}
	var jobs batchv1.JobList
	must(t, k8s.List(t.Context(), &jobs, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelFence: "2"}))
	seen := map[string]string{}
	for i := range jobs.Items {
		script := jobs.Items[i].Labels[v1alpha1.LabelScript]
		got := variables(&jobs.Items[i].Spec.Template.Spec.Containers[0])
		seen[script] = got["DB_USER"] + " " + got["SUPERSET_OPERATOR_APPLICATION_DB_USER"]
	}
	for script, want := range map[string]string{"preflight": "owner app", "verify": "app "} {
		if seen[script] != want {
			t.Errorf("%s connects as %q, want %q", script, seen[script], want)
		}
	}
}
