// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// No tool that follows the recommended instance label takes the claim for its own.
// When the claim is deleted all the same, Restore is no longer offered, and one
// that is requested is refused before anything is stopped.
func TestLostClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), backedUp)
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	claim := f.claim("bi-backups")
	if _, tracked := claim.Labels[v1alpha1.LabelInstance]; tracked || claim.Labels[v1alpha1.LabelBackupsOf] != "bi" || claim.Annotations["argocd.argoproj.io/sync-options"] != "Prune=false" {
		t.Errorf("labels %v, annotations %v", claim.Labels, claim.Annotations)
	}
	if c := condition(s, v1alpha1.ConditionRollbackAvailable); c.Reason != "Restore" {
		t.Fatalf("RollbackAvailable: %+v", c)
	}
	must(t, k8s.Delete(t.Context(), claim))
	s = f.until("Restore is not offered", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionRollbackAvailable).Reason != "Restore"
	})
	c := condition(s, v1alpha1.ConditionRollbackAvailable)
	if c.Status != metav1.ConditionFalse || c.Reason != "Frozen" {
		t.Errorf("RollbackAvailable: %+v", c)
	}
	contains(t, c.Message, "claim bi-backups with backup r2 is gone or is being deleted")
	f.refusesRestore()
}

// The operator does not watch a claim of the user. It is read when a restore is
// about to begin.
func TestLostClaimOfTheUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ours := f.newClaim("ours", nil)
	f.install("5.0.0", rollbackClass(v1alpha1.RollbackRestore), backup(v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "ours"}}))
	f.edit(version("6.0.0"))
	if c := condition(f.ready("6.0.0"), v1alpha1.ConditionRollbackAvailable); c.Reason != "Restore" {
		t.Fatalf("RollbackAvailable: %+v", c)
	}
	must(t, k8s.Delete(t.Context(), ours)) // it stays until the pod of the backup is gone
	f.edit(annotation(v1alpha1.AnnotationRollback, "user"))
	s := f.until("the data loss is named, or the rollback is refused", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionAwaitingApproval).Status == metav1.ConditionTrue || s.Status.LastHandled.Rollback == "user"
	})
	if _, token, found := strings.Cut(f.message(s), "accept-data-loss="); found {
		f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, token))
	}
	f.until("the rollback is refused", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == "user" })
	f.refusesRestore()
}

// refusesRestore checks that a rollback token is refused, and that nothing stops.
func (f *fixture) refusesRestore() {
	f.t.Helper()
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	s := f.until("the rollback is refused", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == "back" })
	if s.Status.Phase != v1alpha1.PhaseReady {
		f.t.Errorf("phase %s", s.Status.Phase)
	}
	f.jobsOf("restore", 0)
	f.runs("6.0.0")
	for _, c := range f.rec.changes() {
		if component, ok := c.obj.(v1alpha1.Component); ok && component.ComponentSpec().Mode == v1alpha1.ModeHold {
			f.t.Errorf("at %d %T is held", c.at, c.obj)
		}
	}
}

// A backup that has no claim to go to holds the run in Validate: nothing has been
// stopped for it yet.
func TestBackupWaitsForItsClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), backup(v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "ours"}}))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.blockedInValidate("claim ours for backups does not exist")
	f.newClaim("ours", nil)
	f.ready("6.0.0")

	// One that the operator made, and that is being deleted.
	legacy := f.newClaim("bi-backups", map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelInstance: "bi"}, "example.com/x")
	must(t, k8s.Delete(t.Context(), legacy))
	f.edit(version("6.1.0"), backedUp)
	f.blockedInValidate("claim bi-backups for backups is being deleted", "kubectl describe pvc -n "+f.ns+" bi-backups")
	must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(legacy), legacy))
	before := legacy.DeepCopy()
	legacy.Finalizers = nil
	must(t, k8s.Patch(t.Context(), legacy, client.MergeFrom(before)))
	f.ready("6.1.0")
	if claim := f.claim("bi-backups"); claim.UID == legacy.UID {
		t.Error("the claim was not created again")
	}
}

// A backup whose image cannot be had is refused in Validate: nothing has been stopped for it. An
// edit of spec.upgrade.backup checks again.
func TestBackupImageIsPulledInValidate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), backup(v1alpha1.BackupSpec{Image: "example.invalid/none:1"}))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.blockedInValidate("container database waits: ImagePullBackOff", "example.invalid/none:1")
	f.edit(func(s *v1alpha1.Superset) {
		s.Spec.Upgrade.Deadlines.Validate = &metav1.Duration{Duration: time.Second}
	})
	s := f.phase(v1alpha1.PhaseFailed)
	contains(t, f.message(s), "Validate failed", "ImagePullBackOff", "example.invalid/none:1")
	f.runs("5.0.0")
	for _, c := range f.rec.changes() {
		if component, ok := c.obj.(v1alpha1.Component); ok && component.ComponentSpec().Mode == v1alpha1.ModeHold {
			t.Errorf("at %d %T is held", c.at, c.obj)
		}
	}
	f.edit(annotation(v1alpha1.AnnotationRetry, "again"), func(s *v1alpha1.Superset) { s.Spec.Upgrade.Deadlines.Validate = nil })
	f.blockedInValidate("container database waits: ImagePullBackOff")
	f.edit(backedUp)
	f.ready("6.0.0")
}

// blockedInValidate waits until a run is blocked in Validate with everything serving.
func (f *fixture) blockedInValidate(says ...string) {
	f.t.Helper()
	s := f.until("blocked: "+says[0], func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonBlocked && strings.Contains(f.message(s), says[0])
	})
	contains(f.t, f.message(s), says...)
	if s.Status.Phase != v1alpha1.PhaseValidate {
		f.t.Errorf("phase %s", s.Status.Phase)
	}
	for _, pod := range f.tierPods() {
		if pod.DeletionTimestamp != nil {
			f.t.Errorf("pod %s was stopped", pod.Name)
		}
	}
}

// A claim of an older operator has the label by which Argo CD prunes it: an event
// has the command.
func TestOldClaimIsNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.newClaim("bi-backups", map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelInstance: "bi"})
	f.install("5.0.0", backedUp)
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	var notes []string
	eventually(t, "the event", func() bool {
		notes = nil
		var list eventsv1.EventList
		must(t, k8s.List(t.Context(), &list, client.InNamespace(f.ns)))
		for _, e := range list.Items {
			if e.Reason == v1alpha1.ReasonClaimMayBePruned {
				notes = append(notes, e.Note)
				if e.Related == nil || e.Related.Kind != "PersistentVolumeClaim" || e.Related.Name != "bi-backups" {
					t.Errorf("the event is related to %v", e.Related)
				}
			}
		}
		return len(notes) > 0
	})
	if len(notes) != 1 {
		t.Errorf("%d events", len(notes))
	}
	contains(t, notes[0], "kubectl label pvc -n "+f.ns+" bi-backups app.kubernetes.io/instance- superset-operator.dev/instance=bi",
		"kubectl annotate pvc -n "+f.ns+" bi-backups argocd.argoproj.io/sync-options=Prune=false")
}

func (f *fixture) claim(name string) *corev1.PersistentVolumeClaim {
	f.t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	must(f.t, k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: name}, claim))
	return claim
}

func (f *fixture) newClaim(name string, labels map[string]string, finalizers ...string) *corev1.PersistentVolumeClaim {
	f.t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: f.ns, Labels: labels, Finalizers: finalizers},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	must(f.t, k8s.Create(f.t.Context(), claim))
	return claim
}
