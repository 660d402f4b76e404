// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/chronicle"
)

// withoutVanishing is a record as if no Job and no pod of a Job had vanished. A Job that ran
// again is left out, with its pods, and the next one counts in its place, if nobody could
// have seen the result of the first. again is the number of migrations that are left out.
func withoutVanishing(story []chronicle.Change, vanished map[types.UID]bool) (out []chronicle.Change, again int) {
	if len(vanished) == 0 {
		return story, 0
	}
	r := rerunsOf(story, vanished)
	for _, c := range story {
		job := jobUID(c.Obj)
		switch {
		case c.Gone && (vanished[c.Obj.GetUID()] || vanished[job]), r.leftOut[job]:
			continue
		case r.attempt[job] != "":
			c.Obj = c.Obj.DeepCopyObject().(client.Object)
			c.Obj.GetLabels()[v1alpha1.LabelAttempt] = r.attempt[job]
		}
		out = append(out, c)
	}
	return out, r.migrations
}

// jobUID is the uid of a Job, or of the Job of a pod; empty for any other object.
func jobUID(obj client.Object) types.UID {
	switch obj.(type) {
	case *batchv1.Job:
		return obj.GetUID()
	case *corev1.Pod:
		for _, ref := range obj.GetOwnerReferences() {
			if ref.Kind == "Job" {
				return ref.UID
			}
		}
	}
	return ""
}

// reruns are the Jobs that ran again because their results were lost.
type reruns struct {
	// vanished has the Jobs that vanished, or whose pods did.
	vanished map[types.UID]bool
	// leftOut has the Jobs that ran again, and attempt the labels that the next ones get.
	leftOut    map[types.UID]bool
	attempt    map[types.UID]string
	migrations int

	// newest is the newest Job while the run waits for it and has not recorded its result.
	newest *batchv1.Job
	phase  string
}

func rerunsOf(story []chronicle.Change, vanished map[types.UID]bool) *reruns {
	r := &reruns{vanished: map[types.UID]bool{}, leftOut: map[types.UID]bool{}, attempt: map[types.UID]string{}}
	for _, c := range story {
		if vanished[c.Obj.GetUID()] {
			r.vanished[jobUID(c.Obj)] = true
		}
	}
	for _, c := range story {
		switch obj := c.Obj.(type) {
		case *v1alpha1.Superset:
			r.decided(obj)
		case *batchv1.Job:
			if c.Made {
				r.made(obj)
			}
		}
	}
	return r
}

// decided forgets the newest Job once its result is in the status: in its record, or in the
// phase that follows from it.
func (r *reruns) decided(s *v1alpha1.Superset) {
	phase := fmt.Sprintf("%s, fence %d", s.Status.Phase, s.Status.UpgradeRevision)
	if r.newest == nil || phase != r.phase {
		r.newest, r.phase = nil, phase
		return
	}
	if s.Status.Upgrade != nil && slices.ContainsFunc(s.Status.Upgrade.Jobs, func(record v1alpha1.JobRecord) bool {
		return record.Script == r.newest.Labels[v1alpha1.LabelScript] && record.Result != "" &&
			fmt.Sprint(record.Attempt) == r.newest.Labels[v1alpha1.LabelAttempt]
	}) {
		r.newest = nil
	}
}

// made takes a new Job for the rerun of the newest one if that is of the same script, and has
// vanished without a result in the status.
func (r *reruns) made(job *batchv1.Job) {
	before := r.newest
	r.newest = job
	if before == nil || !r.vanished[before.UID] || !sameScript(before, job) {
		return
	}
	r.leftOut[before.UID] = true
	r.attempt[job.UID] = before.Labels[v1alpha1.LabelAttempt]
	if earlier := r.attempt[before.UID]; earlier != "" {
		r.attempt[job.UID] = earlier
	}
	if job.Labels[v1alpha1.LabelScript] == "migrate" {
		r.migrations++
	}
}

func sameScript(a, b *batchv1.Job) bool {
	return a.Labels[v1alpha1.LabelScript] == b.Labels[v1alpha1.LabelScript] && a.Labels[v1alpha1.LabelFence] == b.Labels[v1alpha1.LabelFence]
}
