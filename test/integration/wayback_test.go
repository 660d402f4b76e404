// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// backup takes one before each migration.
func backup(spec v1alpha1.BackupSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Backup = &spec }
}

var backedUp = backup(v1alpha1.BackupSpec{})

// way picks the class of the way back.
func way(class v1alpha1.RollbackClass) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Rollback = v1alpha1.RollbackChoice(class) }
}

// A Drain with a backup: it is taken once nothing serves any more and before the
// migration begins, stands in status and history, and its claim outlives the
// Superset.
func TestBackup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), backedUp)
	f.jobsOf("backup", 0) // there was nothing to lose
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
	if diff := cmp.Diff([]string{"preflight-2", "backup-2", "migrate-2", "verify-2"}, order[len(order)-4:]); diff != "" {
		t.Errorf("Jobs in their order (-want +got):\n%s", diff)
	}
	f.drainedBefore("backup")

	claim := &corev1.PersistentVolumeClaim{}
	key := client.ObjectKey{Namespace: f.ns, Name: "bi-backups"}
	must(t, k8s.Get(t.Context(), key, claim))
	if len(claim.OwnerReferences) != 0 || claim.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy {
		t.Errorf("the claim: %+v", claim.ObjectMeta)
	}
	must(t, k8s.Delete(t.Context(), s, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	eventually(t, "the Superset's Jobs are gone", func() bool { return len(f.jobsNow("migrate")) == 0 })
	must(t, k8s.Get(t.Context(), key, claim))
	if claim.DeletionTimestamp != nil {
		t.Error("the claim goes with its Superset")
	}
}

// The schema goes back with the newer image, and only then the tiers.
func TestRollbackByDowngrade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", way(v1alpha1.RollbackDowngrade))
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
		t.Errorf("the schema is taken back by %s, which has not the scripts", image)
	}
	// And forward again.
	f.edit(annotation(v1alpha1.AnnotationRetry, "again"))
	f.ready("6.0.0")
}

// A downgrade that fails changes nothing, and the way back goes on by Image; a
// condition says so.
func TestDowngradeFallsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", way(v1alpha1.RollbackDowngrade))
	f.edit(version("6.0.0"), tag("6.0.0-downgrade-fails"))
	f.ready("6.0.0")
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.rolledBack("5.0.0")
	f.runs("5.0.0")
	if got := simulated.Revision(f.ns, "bi"); got != head6 || !s.Status.Schema.AheadAfterRollback {
		t.Errorf("the database is at %s, status says %+v", got, s.Status.Schema)
	}
	if r := s.Status.Upgrade.Rollback; r.Class != v1alpha1.RollbackImage || !strings.Contains(r.FellBack, "DowngradeFailed") {
		t.Errorf("the way back: %+v", r)
	}
	contains(t, f.message(s), "by class Image, because Downgrade failed", "DowngradeFailed")
}

// A backup is put back over newer data on the user's word; what waits for it says
// how much is at stake.
func TestRollbackByRestore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", way(v1alpha1.RollbackRestore), backedUp)
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.until("the way back waits", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionAwaitingApproval).Status == metav1.ConditionTrue
	})
	if s.Status.Phase != v1alpha1.PhaseReady {
		t.Errorf("in %s before anybody has accepted", s.Status.Phase)
	}
	contains(t, f.message(s), "restores backup r2", "loses what was written since", "superset-operator.dev/accept-data-loss=sha256-")
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

// MySQL keeps half of a migration, so that only the backup leads back; nothing has
// served since it was taken: nobody is asked.
func TestFailureRestoresByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backedUp, jobs(world.AnnotationDatabase, "mysql"))
	f.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	s := f.rolledBack("5.0.0")
	f.jobsOf("restore", 1)
	if r := s.Status.Upgrade.Rollback; r.Class != v1alpha1.RollbackRestore || s.Status.Schema.HalfMigrated {
		t.Errorf("the way back: %+v, schema %+v", r, s.Status.Schema)
	}
	if got := simulated.Revision(f.ns, "bi"); got != head5 {
		t.Errorf("the database is at %s", got)
	}
}

// Once workers have run, they may have written: a failure stops and asks.
func TestFailureAsksBeforeItRestores(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", way(v1alpha1.RollbackRestore), strategy(v1alpha1.StrategyDrain), backedUp)
	f.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	s := f.until("the run stands in Failed", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseFailed })
	contains(t, f.message(s), "Verify failed", "restores backup r2", "accept-data-loss=sha256-")
	_, token, _ := strings.Cut(f.message(s), "accept-data-loss=")
	f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, token))
	f.rolledBack("5.0.0")
	f.runs("5.0.0")
}

// The user's own command pair stands in for the dump, in the user's own image.
func TestOwnBackupCommand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backup(v1alpha1.BackupSpec{Image: "registry.example.com/tool:1", Command: []string{"save"}, RestoreCommand: []string{"load"}}))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	pod := f.jobsOf("backup", 1)[0].Spec.Template.Spec
	own := pod.InitContainers[1]
	if own.Image != "registry.example.com/tool:1" || !cmp.Equal(own.Command, []string{"save"}) {
		t.Errorf("runs %v in %s", own.Command, own.Image)
	}
	for _, v := range pod.Volumes {
		if v.PersistentVolumeClaim != nil {
			t.Errorf("mounts %s, which nobody asked for", v.PersistentVolumeClaim.ClaimName)
		}
	}
	var claims corev1.PersistentVolumeClaimList
	must(t, k8s.List(t.Context(), &claims, client.InNamespace(f.ns)))
	if len(claims.Items) != 0 {
		t.Errorf("made %d claims", len(claims.Items))
	}
}

// A new secret key: every tier stops, one Job encrypts what is stored anew, and the
// way back does the same with the key before.
func TestAnotherSecretKey(t *testing.T) {
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
		t.Errorf("migrate is told %v", env)
	}
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.rolledBack("6.0.0")
	f.drainedBefore("downgrade")
	env = envOf(f.jobsOf("downgrade", 1), "3")
	if env["SUPERSET_OPERATOR_REENCRYPT"] != "back" || env["SUPERSET_SECRET_KEY"] != "next/key" || env["SUPERSET_OPERATOR_TARGET_REVISION"] != "" {
		t.Errorf("downgrade is told %v", env)
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

// envOf is the environment of a fence's Job; of a reference its Secret and key.
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

// jobsInOrder are the Jobs by script and fence, in the order in which they were
// made.
func (f *fixture) jobsInOrder() []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range f.rec.story() {
		if job, ok := c.obj.(*batchv1.Job); ok && !seen[job.Name] {
			seen[job.Name] = true
			out = append(out, job.Labels[v1alpha1.LabelScript]+"-"+job.Labels[v1alpha1.LabelFence])
		}
	}
	return out
}

// drainedBefore checks that no pod of any tier is there while a script's runs.
func (f *fixture) drainedBefore(script string) {
	f.t.Helper()
	tiers, runs, ran := map[string]bool{}, false, false
	for _, c := range f.rec.story() {
		pod, ok := c.obj.(*corev1.Pod)
		if !ok {
			continue
		}
		switch component := pod.Labels[v1alpha1.LabelComponent]; {
		case component == "job" && pod.Labels[v1alpha1.LabelScript] == script:
			runs = !c.gone && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
			ran = true
			if runs && len(tiers) > 0 {
				f.t.Errorf("at %d %s runs beside %v", c.at, script, tiers)
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
