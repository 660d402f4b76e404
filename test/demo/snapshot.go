// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// snapshot is the state of the objects at one moment.
type snapshot struct {
	// jobs has the state of each Job, by name.
	jobs map[string]jobState
	// components has the state of each existing component, by tier.
	components map[string]componentState
	// pods has the tier of each pod, by uid; pods of Jobs are left out.
	pods map[types.UID]string
}

type jobState struct{ script, state string }

type componentState struct {
	version string
	mode    v1alpha1.Mode
}

// tiers in the order of the output.
var tiers = []string{"scheduler", "worker", "web"}

// snapshot reads the objects at a resource version.
func (d *demo) snapshot(ctx context.Context, at string) (snapshot, error) {
	s := snapshot{map[string]jobState{}, map[string]componentState{}, map[types.UID]string{}}
	exactly := &client.ListOptions{Namespace: namespace, Raw: &metav1.ListOptions{
		ResourceVersion: at, ResourceVersionMatch: metav1.ResourceVersionMatchExact}}
	var (
		jobs       batchv1.JobList
		pods       corev1.PodList
		schedulers v1alpha1.SupersetAsyncSchedulerList
		workers    v1alpha1.SupersetAsyncWorkerList
		webs       v1alpha1.SupersetWebWorkerList
	)
	for _, list := range []client.ObjectList{&jobs, &pods, &schedulers, &workers, &webs} {
		if err := d.client.List(ctx, list, exactly); err != nil {
			return s, fmt.Errorf("listing objects as of resource version %s: %w", at, err)
		}
	}
	for i := range jobs.Items {
		s.jobs[jobs.Items[i].Name] = jobState{jobs.Items[i].Labels[v1alpha1.LabelScript], stateOf(&jobs.Items[i])}
	}
	for i := range pods.Items {
		if tier := pods.Items[i].Labels[v1alpha1.LabelComponent]; tier != "job" {
			s.pods[pods.Items[i].UID] = tier
		}
	}
	for i := range schedulers.Items {
		s.note("scheduler", &schedulers.Items[i])
	}
	for i := range workers.Items {
		s.note("worker", &workers.Items[i])
	}
	for i := range webs.Items {
		s.note("web", &webs.Items[i])
	}
	return s, nil
}

func (s *snapshot) note(tier string, c v1alpha1.Component) {
	s.components[tier] = componentState{c.ComponentSpec().Version, c.ComponentSpec().Mode}
}

func stateOf(job *batchv1.Job) string {
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobComplete:
			return "succeeded"
		case c.Type == batchv1.JobFailed:
			return "failed"
		}
	}
	return "runs"
}
