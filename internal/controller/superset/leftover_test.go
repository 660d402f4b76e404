// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// lingers is a Job whose script has ended so long ago while a proxy runs on.
func lingers(script migrations.Script, fence string, exit int32, ago time.Duration) (*batchv1.Job, *corev1.Pod) {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-" + string(script), Namespace: "analytics", UID: types.UID(script), OwnerReferences: ownedBy("u"),
		Labels: map[string]string{v1alpha1.LabelScript: string(script), v1alpha1.LabelFence: fence, v1alpha1.LabelAttempt: "1"}}}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{UID: j.UID}}}}
	p.Status.Phase = corev1.PodRunning
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "proxy", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		{Name: "superset", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exit,
			Message: `{"script":"` + string(script) + `"}`, FinishedAt: metav1.NewTime(now.Add(-ago))}}}}
	return j, p
}

// A Job whose script has ended is deleted although its pod runs: once its end is recorded and
// the other containers had the time to end. A failed one keeps its log for a day.
func TestLingeringJobs(t *testing.T) {
	const day = 24 * time.Hour
	claim := func(j *batchv1.Job) {
		j.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "backups", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "bi-backups"}}}}
	}
	for name, c := range map[string]struct {
		phase    v1alpha1.Phase
		script   migrations.Script
		fence    string
		exit     int32
		ago      time.Duration
		recorded bool
		edit     func(*batchv1.Job)
		deleted  bool
		named    bool
		again    time.Duration
	}{
		"the proxy may end":           {v1alpha1.PhaseReady, migrations.Migrate, "2", 0, 20 * time.Second, false, nil, false, false, 10 * time.Second},
		"no phase waits":              {v1alpha1.PhaseReady, migrations.Migrate, "2", 0, 2 * time.Minute, false, nil, true, false, 0},
		"of an older run":             {v1alpha1.PhaseDBMigrate, migrations.Migrate, "1", 0, 2 * time.Minute, false, nil, true, false, 0},
		"not recorded":                {v1alpha1.PhaseDBMigrate, migrations.Migrate, "2", 0, 2 * time.Minute, false, nil, false, false, 0},
		"recorded":                    {v1alpha1.PhaseValidate, migrations.Preflight, "2", 0, 2 * time.Minute, true, nil, true, false, 0},
		"failed":                      {v1alpha1.PhaseFailed, migrations.Verify, "2", 1, 2 * time.Minute, false, nil, false, true, day - 2*time.Minute},
		"failed a day ago":            {v1alpha1.PhaseFailed, migrations.Verify, "2", 1, day, false, nil, true, true, 0},
		"failed, with the claim":      {v1alpha1.PhaseFailed, migrations.Backup, "2", 1, 2 * time.Minute, false, claim, true, false, 0},
		"failed, claim, not recorded": {v1alpha1.PhaseDBMigrate, migrations.Backup, "2", 1, 2 * time.Minute, false, claim, false, false, 0},
		"is being deleted":            {v1alpha1.PhaseReady, migrations.Verify, "2", 0, 2 * time.Minute, false, func(j *batchv1.Job) { j.DeletionTimestamp = &metav1.Time{Time: now} }, false, false, 0},
	} {
		s, w := upgrading(t, c.phase)
		if c.recorded {
			s.Status.Upgrade.Jobs = []v1alpha1.JobRecord{{Script: string(c.script), Attempt: 1, Result: `{"script":"` + string(c.script) + `"}`}}
		}
		j, p := lingers(c.script, c.fence, c.exit, c.ago)
		if c.edit != nil {
			c.edit(j)
		}
		w.observeJobs(s, []*batchv1.Job{j}, []*corev1.Pod{p})
		named := strings.Contains(w.Lingers, "its container proxy still runs") && strings.Contains(w.Lingers, "kubectl delete job -n analytics bi-"+string(c.script))
		if w.LeftoverJobs != c.deleted || named != c.named || w.recheck != c.again || w.Migrating {
			t.Errorf("%s: deleted %v, named %q, again in %s, migrating %v", name, w.LeftoverJobs, w.Lingers, w.recheck, w.Migrating)
		}
	}
}

// The message of a failure names a Job whose proxy runs on.
func TestLingeringJobIsNamed(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack} {
		s, w := upgrading(t, phase)
		j, p := lingers(migrations.Verify, "2", 1, time.Hour)
		w.observeJobs(s, []*batchv1.Job{j}, []*corev1.Pod{p})
		snapshot := state.Of(&w.Observation)
		d := rules.Decide(snapshot)
		report.SetConditions(&s.Status, s, snapshot, &d)
		for _, c := range s.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && !strings.HasSuffix(c.Message, "kubectl delete job -n analytics bi-verify") {
				t.Errorf("%s: %s", phase, c.Message)
			}
		}
	}
}
