// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// backup enables a backup before each migration.
func backup(spec v1alpha1.BackupSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Backup = &spec }
}

var backedUp = backup(v1alpha1.BackupSpec{})

// rollbackClass sets spec.upgrade.rollback.
func rollbackClass(class v1alpha1.RollbackClass) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Rollback = v1alpha1.RollbackChoice(class) }
}

// A Drain with a backup: the backup is taken after all tiers have stopped and
// before the migration begins, it is listed in status and history, and its claim
// outlives the Superset.
func TestBackup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), backedUp)
	f.jobsOf("backup", 0) // the install had no data to back up
	f.rec.also(t, f.ns, &batchv1.JobList{})
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	f.jobsOf("backup", 1)
	if len(s.Status.Backups) != 1 || s.Status.Backups[0].Name != "r2" || s.Status.Backups[0].Revision != head5 || s.Status.Backups[0].SHA256 == "" {
		t.Errorf("backups: %+v", s.Status.Backups)
	}
	if h := s.Status.History[0]; h.Backup != "r2" {
		t.Errorf("history: %+v", h)
	}
	order := f.jobsInOrder()
	if diff := cmp.Diff([]string{"preflight-2", "backup-check-2", "backup-2", "migrate-2", "verify-2"}, order[len(order)-5:]); diff != "" {
		t.Errorf("order of Jobs (-want +got):\n%s", diff)
	}
	f.drainedBefore("backup")

	claim := &corev1.PersistentVolumeClaim{}
	key := client.ObjectKey{Namespace: f.ns, Name: "bi-backups"}
	must(t, k8s.Get(t.Context(), key, claim))
	if len(claim.OwnerReferences) != 0 || claim.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy {
		t.Errorf("claim: %+v", claim.ObjectMeta)
	}
	must(t, k8s.Delete(t.Context(), s, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	eventually(t, "the Superset's Jobs are deleted", func() bool { return len(f.jobsNow("migrate")) == 0 })
	must(t, k8s.Get(t.Context(), key, claim))
	if claim.DeletionTimestamp != nil {
		t.Error("the claim is deleted with its Superset")
	}
}

// The schema is downgraded with the newer image, and then the tiers are rolled
// back.
func TestRollbackByDowngrade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackDowngrade))
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	if c := condition(s, v1alpha1.ConditionRollbackAvailable); c.Reason != "Downgrade" {
		t.Errorf("RollbackAvailable: %+v", c)
	}
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s = f.rolledBack("5.0.0")
	f.runs("5.0.0")
	f.neverTwoBeats()
	f.drainedBefore("downgrade")
	if got := simulated.Revision(f.ns, "bi"); got != head5 || s.Status.Schema.Revision != head5 || s.Status.Schema.AheadAfterRollback {
		t.Errorf("the database is at %s, status says %+v", got, s.Status.Schema)
	}
	if c := condition(s, v1alpha1.ConditionSchemaInSync); c.Status != metav1.ConditionTrue {
		t.Errorf("SchemaInSync: %+v", c)
	}
	job := f.jobsOf("downgrade", 1)[0]
	if image := job.Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":6.0.0") {
		t.Errorf("the schema is downgraded with image %s, which lacks the migration scripts", image)
	}
	// A second upgrade.
	f.edit(annotation(v1alpha1.AnnotationRetry, "again"))
	f.ready("6.0.0")
}

// A downgrade that fails changes nothing, and the rollback continues with class
// Image; a condition reports it.
func TestDowngradeFallsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackDowngrade))
	f.edit(version("6.0.0"), tag("6.0.0-downgrade-fails"))
	f.ready("6.0.0")
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.rolledBack("5.0.0")
	f.runs("5.0.0")
	if got := simulated.Revision(f.ns, "bi"); got != head6 || !s.Status.Schema.AheadAfterRollback {
		t.Errorf("the database is at %s, status says %+v", got, s.Status.Schema)
	}
	if r := s.Status.Upgrade.Rollback; r.Class != v1alpha1.RollbackImage || !strings.Contains(r.FellBack, "DowngradeFailed") {
		t.Errorf("rollback: %+v", r)
	}
	contains(t, f.message(s), "by class Image, because Downgrade failed", "DowngradeFailed")
}

// A restore that loses newer data needs the user's acceptance; the condition
// reports what would be lost.
func TestRollbackByRestore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), backedUp)
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.until("the rollback waits", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionAwaitingApproval).Status == metav1.ConditionTrue
	})
	if s.Status.Phase != v1alpha1.PhaseReady {
		t.Errorf("phase %s before the data loss was accepted", s.Status.Phase)
	}
	contains(t, f.message(s), "restores backup r2", "loses everything written since", "superset-operator.dev/accept-data-loss=sha256-")
	_, token, _ := strings.Cut(f.message(s), "accept-data-loss=")
	f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, token))
	s = f.rolledBack("5.0.0")
	f.runs("5.0.0")
	f.drainedBefore("restore")
	if got := simulated.Revision(f.ns, "bi"); got != head5 || s.Status.Schema.Revision != head5 {
		t.Errorf("the database is at %s, status says %+v", got, s.Status.Schema)
	}
	if h := s.Status.History[0]; h.Rollback != v1alpha1.RollbackRestore {
		t.Errorf("history: %+v", h)
	}
}

// On MySQL a failed migration leaves the schema partially migrated, so only a
// restore is possible. Nothing has written since the backup, so no acceptance is
// needed.
func TestFailedMigrationRestoresAutomatically(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backedUp, jobs(world.AnnotationDatabase, "mysql"))
	f.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	s := f.rolledBack("5.0.0")
	f.jobsOf("restore", 1)
	if r := s.Status.Upgrade.Rollback; r.Class != v1alpha1.RollbackRestore || s.Status.Schema.HalfMigrated {
		t.Errorf("rollback: %+v, schema %+v", r, s.Status.Schema)
	}
	if got := simulated.Revision(f.ns, "bi"); got != head5 {
		t.Errorf("the database is at %s", got)
	}
}

// After workers have run, they may have written: a failed run stops and waits for
// acceptance.
func TestFailedRunWaitsBeforeRestore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), strategy(v1alpha1.StrategyDrain), backedUp)
	f.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	s := f.until("phase Failed", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseFailed })
	contains(t, f.message(s), "Verify failed", "restores backup r2", "accept-data-loss=sha256-")
	_, token, _ := strings.Cut(f.message(s), "accept-data-loss=")
	f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, token))
	f.rolledBack("5.0.0")
	f.runs("5.0.0")
}

// The user's own pair of commands replaces the dump, in the user's own image.
func TestCustomBackupCommand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backup(v1alpha1.BackupSpec{Image: "registry.example.com/tool:1", Command: []string{"save"}, RestoreCommand: []string{"load"}}))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	pod := f.jobsOf("backup", 1)[0].Spec.Template.Spec
	own := pod.InitContainers[1]
	if own.Image != "registry.example.com/tool:1" || !cmp.Equal(own.Command, []string{"save"}) {
		t.Errorf("the Job runs %v in %s", own.Command, own.Image)
	}
	for _, v := range pod.Volumes {
		if v.PersistentVolumeClaim != nil {
			t.Errorf("the Job mounts %s, which was not requested", v.PersistentVolumeClaim.ClaimName)
		}
	}
	var claims corev1.PersistentVolumeClaimList
	must(t, k8s.List(t.Context(), &claims, client.InNamespace(f.ns)))
	if len(claims.Items) != 0 {
		t.Errorf("%d claims were created", len(claims.Items))
	}
}

// A new secret key: every tier stops, one Job re-encrypts the stored secrets, and
// the rollback re-encrypts them with the previous key.
func TestSecretKeyChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	must(t, k8s.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "next", Namespace: f.ns}, StringData: map[string]string{"key": "example"}}))
	f.rec.forget()
	f.edit(func(s *v1alpha1.Superset) {
		before := s.Spec.SecretKeyFrom
		s.Spec.PreviousSecretKeyFrom, s.Spec.SecretKeyFrom = &before, v1alpha1.SecretKeyReference{Name: "next", Key: "key"}
	})
	f.phase("DBMigrate")
	f.ready("6.0.0")
	f.drainedBefore("migrate")
	env := envOf(f.jobsOf("migrate", 2), "2")
	if env["SUPERSET_OPERATOR_REENCRYPT"] != "forward" || env["SUPERSET_SECRET_KEY"] != "next/key" || env["SUPERSET_OPERATOR_PREVIOUS_SECRET_KEY"] != "bi/secret-key" {
		t.Errorf("environment of migrate: %v", env)
	}
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.rolledBack("6.0.0")
	f.drainedBefore("downgrade")
	env = envOf(f.jobsOf("downgrade", 1), "3")
	if env["SUPERSET_OPERATOR_REENCRYPT"] != "back" || env["SUPERSET_SECRET_KEY"] != "next/key" || env["SUPERSET_OPERATOR_TARGET_REVISION"] != "" {
		t.Errorf("environment of downgrade: %v", env)
	}
	for _, pod := range f.tierPods() {
		for _, e := range pod.Spec.Containers[0].Env {
			if e.Name == "SUPERSET_SECRET_KEY" && e.ValueFrom.SecretKeyRef.Name != "bi" {
				t.Errorf("pod %s has the key of Secret %s", pod.Name, e.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	if s.Status.Schema.SecretKey != "" {
		t.Errorf("schema: %+v", s.Status.Schema)
	}
}

// envOf returns the environment of the Job of a fence; references are shown as
// Secret and key.
func envOf(jobs []batchv1.Job, fence string) map[string]string {
	out := map[string]string{}
	for _, job := range jobs {
		if job.Labels[v1alpha1.LabelFence] != fence {
			continue
		}
		for _, e := range job.Spec.Template.Spec.Containers[0].Env {
			out[e.Name] = e.Value
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				out[e.Name] = e.ValueFrom.SecretKeyRef.Name + "/" + e.ValueFrom.SecretKeyRef.Key
			}
		}
	}
	return out
}

// jobsInOrder returns the Jobs by script and fence, in the order of their
// creation.
func (f *fixture) jobsInOrder() []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range f.rec.changes() {
		if job, ok := c.obj.(*batchv1.Job); ok && !seen[job.Name] {
			seen[job.Name] = true
			out = append(out, job.Labels[v1alpha1.LabelScript]+"-"+job.Labels[v1alpha1.LabelFence])
		}
	}
	return out
}

// drainedBefore checks that no pod of any tier exists while the pod of a script
// runs.
func (f *fixture) drainedBefore(script string) {
	f.t.Helper()
	tiers, runs, ran := map[string]bool{}, false, false
	for _, c := range f.rec.changes() {
		pod, ok := c.obj.(*corev1.Pod)
		if !ok {
			continue
		}
		switch component := pod.Labels[v1alpha1.LabelComponent]; {
		case component == "job" && pod.Labels[v1alpha1.LabelScript] == script:
			runs = !c.gone && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
			ran = true
			if runs && len(tiers) > 0 {
				f.t.Errorf("at %d %s runs while pods %v exist", c.at, script, tiers)
			}
		case component == "job", component == "maintenance":
		case c.gone:
			delete(tiers, pod.Name)
		default:
			tiers[pod.Name] = true
		}
	}
	if !ran {
		f.t.Errorf("no pod of %s was seen", script)
	}
}

// A backup is not restored into another database than the one that it was taken from, unless
// that is accepted: the check finds it before anything stops.
func TestRestoreIntoAnotherDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), backedUp)
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	simulated.Replace(f.ns, "bi", "postgresql/another/1/superset", head6)
	f.restoreIsAskedFor("the database is postgresql/another/1/superset", "replaces the content of the database postgresql/another/1/superset")
	if s := f.get(); s.Status.Schema.Identity != "postgresql/another/1/superset" {
		t.Errorf("identity %q", s.Status.Schema.Identity)
	}
}

// Objects of others that a restore drops are listed and asked for.
func TestRestoreDropsObjectsOfOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), backedUp, func(s *v1alpha1.Superset) {
		s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{PodTemplate: &runtime.RawExtension{
			Raw: []byte(`{"metadata":{"annotations":{"sim.superset-operator.dev/behavior":"restore-drops"}}}`)}}}
	})
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.restoreIsAskedFor("view reports.totals", "drops the objects of others that its Job has listed")
}

// restoreIsAskedFor rolls back by a restore whose Job asks for an acceptance.
func (f *fixture) restoreIsAskedFor(jobSays, lossSays string) {
	f.t.Helper()
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	f.acceptLoss(v1alpha1.PhaseReady, "loses everything written since")
	s := f.phase(v1alpha1.PhaseFailed)
	if got := simulated.Revision(f.ns, "bi"); got != head6 {
		f.t.Errorf("the database is at %s although the restore was not accepted", got)
	}
	contains(f.t, f.message(s), jobSays)
	f.runs("6.0.0") // nothing has stopped
	f.jobsOf("restore", 0)
	if s.Status.Upgrade.Failure.Reason != "LossNotAccepted" {
		f.t.Errorf("failure %+v", s.Status.Upgrade.Failure)
	}
	f.acceptLoss(v1alpha1.PhaseFailed, lossSays)
	f.rolledBack("5.0.0")
	if got := simulated.Revision(f.ns, "bi"); got != head5 {
		f.t.Errorf("the database is at %s", got)
	}
}

// acceptLoss accepts the data loss that is asked for in a phase.
func (f *fixture) acceptLoss(in v1alpha1.Phase, says string) {
	f.t.Helper()
	s := f.until("the loss is named: "+says, func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == in && strings.Contains(f.message(s), says) && strings.Contains(f.message(s), "accept-data-loss=")
	})
	_, token, _ := strings.Cut(f.message(s), "accept-data-loss=")
	f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, strings.TrimSpace(token)))
}
