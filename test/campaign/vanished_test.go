// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// ends records a Job with its pod that ends; vanishes deletes the given ones of the two.
func (t *runBuilder) ends(script string, attempt, nth int, vanished map[types.UID]bool, vanishes ...string) {
	labels := ours("job")
	labels[v1alpha1.LabelScript], labels[v1alpha1.LabelFence], labels[v1alpha1.LabelAttempt] = script, "2", fmt.Sprint(attempt)
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("bi-%s-2-%d-%s-%d", script, attempt, t.uid, nth), Labels: labels}}
	t.record(true, false, job)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pod-" + job.Name, Labels: labels, OwnerReferences: []metav1.OwnerReference{{Kind: "Job", UID: job.UID}}}}
	t.record(true, false, pod)
	done := job.DeepCopy()
	done.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	t.record(false, false, done)
	for _, what := range vanishes {
		if what == "job" {
			vanished[job.UID] = true
			t.record(false, true, done.DeepCopy())
		}
		if what == "pod" {
			vanished[pod.UID] = true
		}
		t.record(false, true, pod.DeepCopy())
	}
}

func (t *runBuilder) recorded(script, result string) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi"}}
	s.Status = v1alpha1.SupersetStatus{Phase: "DBMigrate", UpgradeRevision: 2,
		Upgrade: &v1alpha1.UpgradeStatus{Jobs: []v1alpha1.JobRecord{{Script: script, Attempt: 1, Result: result}}}}
	t.record(false, false, s)
}

// Jobs and pods that vanish leave a run as it is, and a Job whose result was lost may run
// again. Nothing else may.
func TestVanishedJobs(t *testing.T) {
	build := func(edit func(*runBuilder, map[types.UID]bool)) (facts, world.Count) {
		b, vanished := &runBuilder{uid: "u", ns: "ns", at: time.Unix(1, 0)}, map[types.UID]bool{}
		b.superset("Validate", 2)
		b.superset("DBMigrate", 2)
		edit(b, vanished)
		b.superset("Ready", 2)
		story, again := withoutVanishing(b.changes, vanished)
		return factsOf(story), world.Count{Started: again}
	}
	usual, _ := build(func(b *runBuilder, v map[types.UID]bool) {
		b.ends("backup", 1, 1, v)
		b.ends("migrate", 1, 1, v)
	})
	for name, test := range map[string]struct {
		edit       func(*runBuilder, map[types.UID]bool)
		says       string
		migrations int
	}{
		"Jobs vanish": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.ends("migrate", 1, 1, v, "job")
		}, "", 0},
		"pods vanish": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "pod")
			b.ends("migrate", 1, 1, v, "pod")
		}, "", 0},
		"a lost result": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v)
			b.ends("migrate", 1, 1, v, "pod")
			b.recorded("migrate", "")
			b.ends("migrate", 2, 1, v, "pod")
			b.ends("migrate", 3, 1, v)
		}, "", 2},
		"a Job of the same name": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.ends("backup", 1, 2, v)
			b.ends("migrate", 1, 1, v)
		}, "", 0},
		"a recorded result": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v)
			b.recorded("backup", "{}")
			b.ends("backup", 2, 1, v, "job")
			b.ends("migrate", 1, 1, v)
		}, "/Runs/backup, fence 2, attempt 2: 1", 0},
		"recorded before it vanished": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.recorded("backup", "{}")
			b.ends("backup", 1, 2, v)
			b.ends("migrate", 1, 1, v)
		}, "/Runs/backup, fence 2, attempt 1: 2", 0},
		"the next Job ran already": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.ends("migrate", 1, 1, v)
			b.ends("backup", 1, 2, v)
		}, "/Runs/backup, fence 2, attempt 1: 2", 0},
		"the next phase began": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v)
			b.ends("migrate", 1, 1, v, "job")
			b.superset("Verify", 2)
			b.ends("migrate", 1, 2, v)
		}, "/Runs/migrate, fence 2, attempt 1: 2", 0},
		"nothing vanished": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.ends("migrate", 1, 1, v)
			b.ends("migrate", 2, 1, v)
		}, "/Runs/migrate, fence 2, attempt 2: 1", 0},
		"the operator deletes a Job": {func(b *runBuilder, v map[types.UID]bool) {
			b.ends("backup", 1, 1, v, "job")
			b.ends("migrate", 1, 1, map[types.UID]bool{}, "job")
		}, "/Gone/Job: 1", 0},
	} {
		got, again := build(test.edit)
		d := diff(usual, got)
		if (test.says == "") != (d == "") || !strings.Contains(d, test.says) || again.Started != test.migrations || len(got.Broken) > 0 {
			t.Errorf("%s: %d migrations again, broken %v, the difference must contain %q:\n%s", name, again.Started, got.Broken, test.says, d)
		}
	}
}
