// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// newestJob is the newest Job of a script under a fence, and its attempt; nil when there is none.
func newestJob(script Script, fence int64, jobs []*batchv1.Job) (newest *batchv1.Job, attempt int) {
	for _, job := range jobs {
		if n := attemptNumber(script, fence, job); n > attempt {
			newest, attempt = job, n
		}
	}
	return newest, attempt
}

// attemptNumber is the attempt of a script's Job under a fence; 0 for any other Job.
func attemptNumber(script Script, fence int64, job *batchv1.Job) int {
	if job.Labels[v1alpha1.LabelScript] != string(script) || job.Labels[v1alpha1.LabelFence] != strconv.FormatInt(fence, 10) {
		return 0
	}
	return AttemptOf(job)
}

// AttemptOf is the number of a Job's attempt; 0 if it has none.
func AttemptOf(job *batchv1.Job) int {
	n, err := strconv.Atoi(job.Labels[v1alpha1.LabelAttempt])
	if err != nil {
		return 0
	}
	return n
}

// outcome is whether and when a Job has finished, and whether it failed.
func outcome(job *batchv1.Job) (ended, failed bool, at time.Time) {
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return true, false, c.LastTransitionTime.Time
		case batchv1.JobFailed:
			return true, true, c.LastTransitionTime.Time
		default:
		}
	}
	return false, false, time.Time{}
}

func podsOf(job *batchv1.Job, pods []*corev1.Pod) []*corev1.Pod {
	var mine []*corev1.Pod
	for _, pod := range pods {
		for _, ref := range pod.OwnerReferences {
			if ref.UID == job.UID {
				mine = append(mine, pod)
			}
		}
	}
	return mine
}

// Ended is true if a Job has succeeded or failed.
func Ended(job *batchv1.Job) bool {
	ended, _, _ := outcome(job)
	return ended
}

// FenceOf is the fence that a Job belongs to; 0 if it has none.
func FenceOf(job *batchv1.Job) int64 {
	fence, err := strconv.ParseInt(job.Labels[v1alpha1.LabelFence], 10, 64)
	if err != nil {
		return 0
	}
	return fence
}

// Newest is the newest Job of a script under a fence; nil when there is none.
func Newest(script Script, fence int64, jobs []*batchv1.Job) *batchv1.Job {
	job, _ := newestJob(script, fence, jobs)
	return job
}
