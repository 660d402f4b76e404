// SPDX-License-Identifier: Apache-2.0

package main

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// busy is true for an object that the operator may be waiting for.
func busy(object client.Object) bool {
	switch o := object.(type) {
	case *appsv1.Deployment:
		return rolls(o)
	case *batchv1.Job:
		return startsPod(o)
	case *corev1.Pod:
		return podBusy(o)
	default:
		return false
	}
}

// rolls is true until a Deployment has what its spec says, and nothing else.
func rolls(d *appsv1.Deployment) bool {
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	s := d.Status
	return s.ObservedGeneration < d.Generation || s.Replicas != want || s.UpdatedReplicas != want || s.AvailableReplicas != want
}

// startsPod is true until the pod of a Job is there. Then the pod is busy.
func startsPod(j *batchv1.Job) bool {
	s, ended := j.Status, 0
	if u := s.UncountedTerminatedPods; u != nil {
		ended = len(u.Succeeded) + len(u.Failed)
	}
	return s.Active+s.Succeeded+s.Failed == 0 && ended == 0
}

// podBusy is true for the pod of a Job until its script has ended, and for any other while it
// starts or ends.
func podBusy(p *corev1.Pod) bool {
	if p.Labels[v1alpha1.LabelScript] != "" {
		return components.MainEnded(p) == nil && !components.PodEnded(p)
	}
	return p.DeletionTimestamp != nil || !components.PodReady(p)
}
