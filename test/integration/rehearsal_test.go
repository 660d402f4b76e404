// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func rehearsed(s *v1alpha1.Superset) { s.Spec.Upgrade.Rehearsal = v1alpha1.RehearsalAlways }

// An upgrade is rehearsed on a copy of the database before anything is touched.
// The findings are in status and in the plan, and the rehearsed release is the
// one that then runs.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rehearsed)
	f.jobsOf("rehearse", 0) // there was no previous release
	f.rec.also(t, f.ns, &batchv1.JobList{})
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	job := f.jobsOf("rehearse", 1)[0]
	want := &v1alpha1.RehearsalStatus{Revision: head5, Downgrade: v1alpha1.FindingProven, Rolling: v1alpha1.FindingProven,
		MigrateSeconds: 2, LockTables: 8, LockTime: &metav1.Duration{Duration: 400 * time.Millisecond}, Bytes: 1 << 20, Seconds: 1}
	if diff := cmp.Diff(want, s.Status.Upgrade.Rehearsal); diff != "" {
		t.Errorf("status.upgrade.rehearsal (-want +got):\n%s", diff)
	}
	if p := s.Status.Upgrade.Plan; p.Rehearsal != "Downgrade Proven, Rolling Proven" || p.Strategy != v1alpha1.StrategyRolling {
		t.Errorf("plan: %+v", p)
	}
	order := f.jobsInOrder()
	if diff := cmp.Diff([]string{"preflight-2", "rehearse-2", "migrate-2", "verify-2"}, order[max(0, len(order)-4):]); diff != "" {
		t.Errorf("order of Jobs (-want +got):\n%s", diff)
	}
	pod := job.Spec.Template.Spec
	serves := slices.IndexFunc(pod.InitContainers, func(c corev1.Container) bool { return c.Name == "serve" })
	if serves < 0 || !strings.HasSuffix(pod.InitContainers[serves].Image, ":5.0.0") || !strings.HasSuffix(pod.Containers[0].Image, ":6.0.0") {
		t.Errorf("containers: %+v", pod.InitContainers)
	}
}

// A failure on the copy, or a lack of space for it, stops the upgrade with
// nothing touched. A release for which Rolling was refused is drained.
func TestRehearsalFailure(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", rehearsed, backedUp) // without a backup no rollback would be possible, and the plan would wait
	for _, c := range []struct{ tag, reason, says string }{
		{"6.0.0-rehearse-fails", "MigrationFailed", "this was a rehearsal on a copy"},
		{"6.0.0-rehearse-too-large", "RehearsalTooLarge", "raise spec.upgrade.rehearsalJob.size"},
	} {
		f.edit(version("6.0.0"), tag(c.tag))
		s := f.until(c.reason, func(s *v1alpha1.Superset) bool {
			return s.Status.Phase == v1alpha1.PhaseFailed && condition(s, v1alpha1.ConditionStalled).Reason == c.reason
		})
		contains(t, f.message(s), c.says)
		f.jobsOf("migrate", 1) // of the install
		f.runs("5.0.0")
	}
	f.edit(version("6.0.0"), tag("6.0.0-rehearse-refuses"))
	s := f.ready("6.0.0")
	if r := s.Status.Upgrade.Rehearsal; r == nil || r.Downgrade != v1alpha1.FindingRefused || !strings.Contains(r.DowngradeReason, "_customer_location_uc") {
		t.Errorf("status.upgrade.rehearsal: %+v", r)
	}
	if p := s.Status.Upgrade.Plan; p.Strategy != v1alpha1.StrategyDrain || p.Rollback != v1alpha1.RollbackRestore || p.Rehearsal != "Downgrade Refused, Rolling Refused" {
		t.Errorf("plan: %+v", p)
	}
}
