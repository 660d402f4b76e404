// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// A consolidation of nodes, or a cleaner of ended pods, deletes the pod of an ended Job
// while the run waits at a gate. What the Job has found is a fact: nothing runs again.
func TestEndedJobsVanishAtGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", approval(v1alpha1.ApprovalAlways))
	f.rec.also(t, f.ns, &batchv1.JobList{})
	f.edit(version("6.0.0"))
	plan := f.waitAtGate(v1alpha1.ConditionAwaitingApproval).Status.Upgrade.PlanHash
	f.podsVanish("preflight")
	f.jobsVanish("preflight")
	f.edit(func(s *v1alpha1.Superset) { three := int32(3); s.Spec.Web.Replicas = &three }) // a look
	eventually(t, "web is scaled while the plan waits", func() bool { return f.readyPods("web") == 3 })
	if s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval); s.Status.Upgrade.PlanHash != plan {
		t.Errorf("the plan is %s, want that of before: %s", s.Status.Upgrade.PlanHash, plan)
	}
	f.edit(approve(plan))
	f.ready("6.0.0")
	if order := f.jobsInOrder(); !slices.Equal(order[len(order)-3:], []string{"preflight-2", "migrate-2", "verify-2"}) {
		t.Errorf("Jobs: %v", order)
	}
}

// A backup is in status as soon as its Job has ended. When the migration crashes afterwards
// on a database without transactional DDL, the backup is restored although neither its Job
// nor its pod exists.
func TestBackupVanishesDuringMigration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backedUp, hold, jobs(world.AnnotationDatabase, "mysql"))
	f.rec.also(t, f.ns, &batchv1.JobList{})
	f.startHangingMigration()
	if s := f.get(); len(s.Status.Backups) != 1 || s.Status.Backups[0].Name != "r2" {
		t.Errorf("backups: %+v", s.Status.Backups)
	}
	f.podsVanish("backup")
	f.jobsVanish("backup")
	f.podsVanish("migrate")
	s := f.until("Failed", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseFailed })
	if !s.Status.Schema.HalfMigrated {
		t.Errorf("schema: %+v", s.Status.Schema)
	}
	if c := condition(s, v1alpha1.ConditionRollbackAvailable); c.Status != metav1.ConditionTrue || c.Reason != string(v1alpha1.RollbackRestore) {
		t.Errorf("RollbackAvailable: %+v", c)
	}
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.rolledBack("5.0.0")
	f.jobsOf("restore", 1)
}

// podsVanish deletes the pods of a script's Jobs, as often as the Job controller creates
// them again for a Job that has not ended.
func (f *fixture) podsVanish(script string) {
	f.t.Helper()
	of := []client.ListOption{client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelScript: script}}
	var pods corev1.PodList
	must(f.t, k8s.List(f.t.Context(), &pods, of...))
	if len(pods.Items) == 0 {
		f.t.Fatalf("there is no pod of the %s Job", script)
	}
	for i := range pods.Items {
		must(f.t, k8s.Delete(f.t.Context(), &pods.Items[i], client.GracePeriodSeconds(0)))
	}
	eventually(f.t, "the pods of the "+script+" Job to be gone", func() bool {
		must(f.t, k8s.List(f.t.Context(), &pods, of...))
		return len(pods.Items) == 0
	})
}

// jobsVanish deletes the Jobs of a script, as their TTL does.
func (f *fixture) jobsVanish(script string) {
	f.t.Helper()
	for _, job := range f.jobsNow(script) {
		must(f.t, k8s.Delete(f.t.Context(), &job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	}
	eventually(f.t, "the "+script+" Jobs to be gone", func() bool { return len(f.jobsNow(script)) == 0 })
}
