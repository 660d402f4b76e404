// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"strings"
	"testing"
	"unicode/utf8"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

func TestEvents(t *testing.T) {
	long := "x" + strings.Repeat("ä", 2000)
	cases := map[string]struct {
		to, from     v1alpha1.Phase
		d            lifecycle.Decision
		reason, note string
	}{
		"begins":     {v1alpha1.PhaseValidate, v1alpha1.PhaseReady, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Begin}}, "Validate", "Upgrade to 6.0.0, validating 6.0.0 in its own image"},
		"next phase": {v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseUpgradeWorkers, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.WorkersUpgraded}}, "UpgradeWeb", "upgrading web to 6.0.0"},
		"ready":      {v1alpha1.PhaseReady, v1alpha1.PhaseVerify, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Verified}}, "Ready", "version 5.0.0 is running and verified"},
		"restored":   {v1alpha1.PhaseRolledBack, v1alpha1.PhaseRollback, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Restored}}, "RolledBack", "the previous release is running again"},
		"fails":      {v1alpha1.PhaseFailed, v1alpha1.PhaseDBMigrate, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Fail, Failed: true}, Reason: "MigrationFailed", Message: "no space"}, "MigrationFailed", "DBMigrate: no space"},
		"rolls back": {v1alpha1.PhaseRollback, v1alpha1.PhaseReady, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.RollBack}, Reason: "RollbackRequested", Message: "requested"}, "RollbackRequested", "Ready: requested"},
		"long":       {v1alpha1.PhaseFailed, v1alpha1.PhaseVerify, lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Fail, Failed: true}, Reason: "CheckFailed", Message: long}, "CheckFailed", "Verify: xä"},
	}
	for name, c := range cases {
		s, _ := upgrading(t, c.to)
		if got := eventReason(s, &c.d); got != c.reason {
			t.Errorf("%s: reason %q, want %q", name, got, c.reason)
		}
		got := eventNote(s, &c.d, c.from)
		if !strings.Contains(got, c.note) {
			t.Errorf("%s: %q, want it to contain %q", name, got, c.note)
		}
		if len(got) > apply.MaxNote || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, valid %v: the API server accepts %d, and counts a truncated character as three", name, len(got), utf8.ValidString(got), apply.MaxNote)
		}
	}
}

// The related object is the Job that the phase has run last, or the component of its tier.
func TestRelated(t *testing.T) {
	job := func(script migrations.Script, fence string) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: string(script) + fence, Labels: map[string]string{
			v1alpha1.LabelScript: string(script), v1alpha1.LabelFence: fence, v1alpha1.LabelAttempt: "1"}}}
	}
	web := &v1alpha1.SupersetWebWorker{}
	for _, c := range []struct {
		from v1alpha1.Phase
		jobs []*batchv1.Job
		want string
	}{
		{v1alpha1.PhaseValidate, []*batchv1.Job{job(migrations.Preflight, "2")}, "preflight2"},
		{v1alpha1.PhaseValidate, []*batchv1.Job{job(migrations.Preflight, "2"), job(migrations.Rehearse, "2")}, "rehearse2"},
		{v1alpha1.PhaseValidate, []*batchv1.Job{job(migrations.Preflight, "2"), job(migrations.BackupCheck, "2")}, "backup-check2"},
		{v1alpha1.PhaseDBMigrate, []*batchv1.Job{job(migrations.Backup, "2"), job(migrations.Preflight, "2")}, "backup2"},
		{v1alpha1.PhaseDBMigrate, []*batchv1.Job{job(migrations.Migrate, "2"), job(migrations.Backup, "2")}, "migrate2"},
		{v1alpha1.PhaseVerify, []*batchv1.Job{job(migrations.Verify, "2"), job(migrations.Migrate, "2")}, "verify2"},
		{v1alpha1.PhaseVerify, []*batchv1.Job{job(migrations.Verify, "1"), job(migrations.Migrate, "2")}, ""},
		{v1alpha1.PhaseRollback, []*batchv1.Job{job(migrations.Downgrade, "2"), job(migrations.Verify, "1")}, "downgrade2"},
		{v1alpha1.PhaseRollback, []*batchv1.Job{job(migrations.RestoreCheck, "2")}, "restore-check2"},
		{v1alpha1.PhaseRollback, []*batchv1.Job{job(migrations.Restore, "2"), job(migrations.RestoreCheck, "2")}, "restore2"},
		{v1alpha1.PhaseRollback, []*batchv1.Job{job(migrations.Restore, "2"), job(migrations.Verify, "2")}, "verify2"},
		{v1alpha1.PhaseUpgradeWorkers, []*batchv1.Job{job(migrations.Migrate, "2")}, ""},
		{v1alpha1.PhaseReady, []*batchv1.Job{job(migrations.Verify, "2")}, ""},
	} {
		_, w := upgrading(t, v1alpha1.PhaseReady)
		w.jobs, w.objects[state.Web] = c.jobs, web
		got := ""
		if job, ok := related(w, c.from).(*batchv1.Job); ok && job != nil {
			got = job.Name
		}
		if got != c.want {
			t.Errorf("%s with %d Jobs is related to %q, want %q", c.from, len(c.jobs), got, c.want)
		}
		if c.want == "" && related(w, c.from) != nil {
			t.Errorf("%s is related to %v, want none", c.from, related(w, c.from))
		}
		if got := related(w, v1alpha1.PhaseUpgradeWeb); got != web {
			t.Errorf("UpgradeWeb is related to %v", got)
		}
	}
}
