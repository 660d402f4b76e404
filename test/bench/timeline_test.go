// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

var epoch = time.Unix(1_700_000_000, 0)

func meta(uid string, labels map[string]string) metav1.ObjectMeta {
	all := map[string]string{v1alpha1.LabelInstance: "bi"}
	for k, v := range labels {
		all[k] = v
	}
	return metav1.ObjectMeta{Namespace: "ns", Name: "bi", UID: types.UID(uid), Labels: all}
}

func inPhase(phase v1alpha1.Phase, generation int64, version string) *v1alpha1.Superset {
	s := &v1alpha1.Superset{ObjectMeta: meta("s", nil)}
	s.Generation, s.ResourceVersion = generation, version
	s.Status.Phase = phase
	return s
}

// A phase is what runs for a Superset, and what the operator adds.
func TestTimeline(t *testing.T) {
	script := map[string]string{v1alpha1.LabelScript: "verify", v1alpha1.LabelFence: "5"}
	job := &batchv1.Job{ObjectMeta: meta("j", script)}
	started := &batchv1.Job{ObjectMeta: meta("j", script), Status: batchv1.JobStatus{Active: 1}}
	pod := &corev1.Pod{ObjectMeta: meta("p", script)}
	pod.OwnerReferences = []metav1.OwnerReference{{UID: "j"}}
	ended := pod.DeepCopy()
	ended.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: components.MainContainer, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	tl := newTimeline()
	for _, e := range []struct {
		at     int
		object client.Object
	}{
		{0, inPhase(v1alpha1.PhaseReady, 1, "10")},
		{100, inPhase(v1alpha1.PhaseReady, 2, "11")}, // the edit
		{103, inPhase(v1alpha1.PhaseVerify, 2, "12")},
		{104, job}, {110, pod}, {111, started}, {130, ended},
		{132, inPhase(v1alpha1.PhaseReady, 2, "13")},
	} {
		tl.see(e.object, false, epoch.Add(time.Duration(e.at)*time.Second))
	}
	want := []phaseTime{{v1alpha1.PhaseReady, 3 * time.Second, 3 * time.Second}, {v1alpha1.PhaseVerify, 29 * time.Second, 3 * time.Second}}
	if diff := cmp.Diff(want, tl.take(), cmp.AllowUnexported(phaseTime{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if left := tl.take(); len(left) > 0 {
		t.Errorf("taken twice: %v", left)
	}
	if at, ok := tl.moveAfter(12); !ok || !at.Equal(epoch.Add(132*time.Second)) {
		t.Errorf("the move after 12: %v, %v", at, ok)
	}
	if _, ok := tl.moveAfter(13); ok {
		t.Error("a move after the last")
	}
	if n := tl.duplicates(); n != 0 {
		t.Errorf("%d duplicates", n)
	}
	second := pod.DeepCopy()
	second.UID = "p2"
	again := job.DeepCopy()
	again.UID = "j2"
	tl.see(second, false, epoch)
	tl.see(again, false, epoch)
	if n := tl.duplicates(); n != 2 {
		t.Errorf("%d duplicates, want a Job and a pod", n)
	}
	tl.see(second, true, epoch)
	tl.see(again, true, epoch)
	if _, settled := tl.ready("", "5.0.0"); !settled {
		t.Error("deleted objects are busy")
	}
}

func TestReady(t *testing.T) {
	tl := newTimeline()
	s := inPhase(v1alpha1.PhaseReady, 3, "1")
	s.Spec.Version, s.Status.Version, s.Status.ObservedGeneration = "6.0.0", "6.0.0", 3
	s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	tl.see(s, false, epoch)
	count := func(ns, version string) int { n, _ := tl.ready(ns, version); return n }
	if got := fmt.Sprint(count("", "6.0.0"), count("ns", "6.0.0"), count("other", "6.0.0"), count("", "5.0.0")); got != "1 1 0 0" {
		t.Errorf("got %s", got)
	}
	tl.expect(client.ObjectKeyFromObject(s), 4)
	if count("", "6.0.0") != 0 {
		t.Error("Ready before the last edit was seen")
	}
}

func TestBusy(t *testing.T) {
	one := int32(1)
	deployment := func(generation int64, s appsv1.DeploymentStatus) *appsv1.Deployment {
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &one}, Status: s}
		d.Generation = generation
		return d
	}
	rolled := appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
	surge := rolled
	surge.Replicas = 2
	ready := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}}
	ending := ready.DeepCopy()
	ending.DeletionTimestamp = &metav1.Time{Time: epoch}
	uncounted := &batchv1.Job{Status: batchv1.JobStatus{UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{Succeeded: []types.UID{"p"}}}}
	for name, c := range map[string]struct {
		object client.Object
		want   bool
	}{
		"rolled out":                   {deployment(2, rolled), false},
		"a new spec":                   {deployment(3, rolled), true},
		"an old pod":                   {deployment(2, surge), true},
		"a new pod":                    {&corev1.Pod{}, true},
		"a ready pod":                  {ready, false},
		"a pod that ends":              {ending, true},
		"a new Job":                    {&batchv1.Job{}, true},
		"a new Job, no pod":            {&batchv1.Job{Status: batchv1.JobStatus{UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{}}}, true},
		"a Job whose pod ran":          {uncounted, false},
		"a Job with a pod":             {&batchv1.Job{Status: batchv1.JobStatus{Active: 1}}, false},
		"a Superset is not waited for": {&v1alpha1.Superset{}, false},
	} {
		if got := busy(c.object); got != c.want {
			t.Errorf("%s: busy %v", name, got)
		}
	}
}
