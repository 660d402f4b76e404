// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// figures are the durations and the memory of a release.
type figures struct {
	Release string
	// Preflight and Migrate are from the start of the Job's pod to its end.
	Preflight, Migrate time.Duration
	// Web, Worker and Beat are of one pod each, the slowest and the largest of
	// them.
	Web, Worker, Beat tierFigures
}

// tierFigures are those of one component.
type tierFigures struct {
	// Ready is the time from the start of the container until it was ready; kubelet
	// reports both in whole seconds.
	Ready time.Duration
	// MiB of all its processes, shared pages counted proportionally.
	MiB int
}

// figures reads those of the running release, for a run that began at a time.
func (c cluster) figures(t *testing.T, release string, begun time.Time) *figures {
	t.Helper()
	pods := corev1.PodList{}
	if err := c.List(t.Context(), &pods, client.InNamespace(c.namespace), client.MatchingLabels{v1alpha1.LabelInstance: "bi"}); err != nil {
		t.Fatalf("listing the pods: %v", err)
	}
	f, held := &figures{Release: release}, memoryOfPods(t)
	tiers, spec := map[string]*tierFigures{"web": &f.Web}, c.superset(t).Spec
	if spec.Worker != nil {
		tiers["worker"] = &f.Worker
	}
	if spec.Scheduler != nil {
		tiers["scheduler"] = &f.Beat
	}
	for _, pod := range pods.Items {
		if script := migrations.Script(pod.Labels[v1alpha1.LabelScript]); script != "" {
			f.note(pod, script, begun)
			continue
		}
		tier := tiers[pod.Labels[v1alpha1.LabelComponent]]
		if tier == nil || pod.DeletionTimestamp != nil || pod.Labels[v1alpha1.LabelVersion] != release {
			continue
		}
		tier.Ready = max(tier.Ready, startToReady(pod))
		tier.MiB = max(tier.MiB, held[string(pod.UID)])
	}
	for name, tier := range tiers {
		if tier.MiB == 0 {
			t.Errorf("found no processes of a %s pod at %s", name, release)
		}
	}
	return f
}

// note records the duration of a Job of this run; the last one of a script
// counts.
func (f *figures) note(pod corev1.Pod, script migrations.Script, begun time.Time) {
	if pod.CreationTimestamp.Time.Before(begun.Truncate(time.Second)) || pod.Status.StartTime == nil || pod.Status.Phase != corev1.PodSucceeded {
		return
	}
	took := pod.Status.ContainerStatuses[0].State.Terminated.FinishedAt.Sub(pod.Status.StartTime.Time)
	switch script {
	case migrations.Preflight:
		f.Preflight = took
	case migrations.Migrate:
		f.Migrate = took
	default:
	}
}

// startToReady of a pod whose container was never restarted; 0 for others.
func startToReady(pod corev1.Pod) time.Duration {
	if len(pod.Status.ContainerStatuses) == 0 || pod.Status.ContainerStatuses[0].RestartCount > 0 {
		return 0
	}
	started := pod.Status.ContainerStatuses[0].State.Running
	if started == nil {
		return 0
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Sub(started.StartedAt.Time)
		}
	}
	return 0
}

// memoryOfPods is the memory of the processes of each pod, by its uid, in MiB.
func memoryOfPods(t *testing.T) map[string]int {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	if err != nil {
		t.Fatalf("listing processes: %v", err)
	}
	held := map[string]int{}
	for _, path := range paths {
		group, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cgroup"))
		if err != nil {
			continue // it has ended meanwhile
		}
		rollup, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if uid := podOf(string(group)); uid != "" {
			held[uid] += pss(string(rollup))
		}
	}
	for uid, kb := range held {
		held[uid] = kb >> 10
	}
	return held
}

// podOf is the uid of the pod that a process's cgroup belongs to; empty if there
// is none.
func podOf(group string) string {
	_, after, found := strings.Cut(group, "/pod")
	if !found {
		return ""
	}
	uid, _, _ := strings.Cut(after, "/")
	return strings.TrimSpace(uid)
}
