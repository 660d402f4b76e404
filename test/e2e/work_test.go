// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// work is one Job of the operator.
type work struct {
	Script migrations.Script
	// Took is the time from the start of its pod to the end of its last container;
	// kubelet reports both in whole seconds.
	Took time.Duration
	// Bytes and Seconds are what a backup or restore reports about the dump; 0
	// elsewhere.
	Bytes   int64
	Seconds float64
}

// works lists the database Jobs that began at or after a time, in order.
func (c cluster) works(t *testing.T, begun time.Time) []work {
	t.Helper()
	pods := corev1.PodList{}
	if err := c.List(t.Context(), &pods, client.InNamespace(c.namespace), client.HasLabels{v1alpha1.LabelScript}); err != nil {
		t.Fatalf("listing the Jobs' pods: %v", err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	var list []work
	for _, pod := range pods.Items {
		script := migrations.Script(pod.Labels[v1alpha1.LabelScript])
		if pod.CreationTimestamp.Time.Before(begun.Truncate(time.Second)) || script == migrations.Preflight || script == migrations.Verify {
			continue
		}
		if len(pod.Status.ContainerStatuses) == 0 || pod.Status.ContainerStatuses[0].State.Terminated == nil || pod.Status.StartTime == nil {
			t.Errorf("pod %s of a Job is still running: %+v", pod.Name, pod.Status)
			continue
		}
		end := pod.Status.ContainerStatuses[0].State.Terminated
		w := work{Script: script, Took: end.FinishedAt.Sub(pod.Status.StartTime.Time)}
		result, err := migrations.ParseResult(end.Message)
		if err != nil {
			t.Errorf("pod %s: %v", pod.Name, err)
		}
		if result.Backup != nil {
			w.Bytes, w.Seconds = result.Backup.Bytes, result.Backup.Seconds
		}
		list = append(list, w)
	}
	return list
}
