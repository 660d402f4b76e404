// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"fmt"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// Progress is how far a script has come under one fence.
type Progress struct {
	// Name of the newest Job; empty when there is none.
	Name string
	// Attempt is the number of the newest Job; 0 when there is none.
	Attempt int
	// Active is true while the newest Job has not ended, or its pod is still
	// there and has not ended: a pod decides, not its Job.
	Active bool
	// Done is true when the newest Job succeeded.
	Done bool
	// FinishedAt is when the newest Job ended.
	FinishedAt time.Time
	// Result of the newest Job. A failed Job without one has ReasonJobCrashed.
	Result Result
	// Waits is how many attempts before the newest ended with LockTimeout: they
	// waited for somebody else, and tried nothing.
	Waits int
	// Broke is true when an attempt before the newest has a reason that Breaks: what
	// it left is there still, however the newest ended.
	Broke bool
	// Before is the result of the attempt before the newest, while that one is
	// active; zero when there was none.
	Before Result
	// Blocked says why the newest Job's pod cannot start; empty when it can.
	Blocked string
}

// Tries is how many attempts have tried something, or are about to.
func (p Progress) Tries() int { return p.Attempt - p.Waits }

// ProgressOf reads the progress of a script under a fence from the Jobs that
// the Superset controls and from their pods.
func ProgressOf(script Script, fence int64, jobs []*batchv1.Job, pods []*corev1.Pod) Progress {
	newest, attempt := newestJob(script, fence, jobs)
	if newest == nil {
		return Progress{}
	}
	mine := podsOf(newest, pods)
	p := Progress{Name: newest.Name, Attempt: attempt, Blocked: components.Diagnose(mine)}
	var last Result
	for n := 1; n < attempt; n++ {
		if before := attemptOf(script, fence, n, jobs); before != nil {
			last = resultOf(script, podsOf(before, pods))
			p.remember(last.Reason)
		}
	}
	ended, failed, at := outcome(newest)
	if !ended || running(mine) {
		p.Active, p.Before = true, last
		return p
	}
	p.FinishedAt = at
	p.Result = resultOf(script, mine)
	p.Result.Backup.keptBy(newest)
	if failed && p.Result.Reason == "" {
		p.Result.Reason = ReasonJobCrashed
		p.Result.Message = "the Job failed after its script had reported success; see the events of its namespace"
	}
	p.Done = p.Result.Reason == ""
	return p
}

// remember takes note of how an attempt before the newest ended.
func (p *Progress) remember(why Reason) {
	p.Broke = p.Broke || why.Breaks()
	if why == ReasonLockTimeout {
		p.Waits++
	}
}

// Changing reports whether any Job that changes the schema, under whatever fence,
// has not ended or has a pod that has not.
func Changing(jobs []*batchv1.Job, pods []*corev1.Pod) bool {
	for _, job := range jobs {
		if !Script(job.Labels[v1alpha1.LabelScript]).Changes() {
			continue
		}
		if ended, _, _ := outcome(job); !ended || running(podsOf(job, pods)) {
			return true
		}
	}
	return false
}

func newestJob(script Script, fence int64, jobs []*batchv1.Job) (newest *batchv1.Job, attempt int) {
	for _, job := range jobs {
		if n := attemptNumber(script, fence, job); n > attempt {
			newest, attempt = job, n
		}
	}
	return newest, attempt
}

// attemptOf is the Job of one attempt; nil when there is none.
func attemptOf(script Script, fence int64, attempt int, jobs []*batchv1.Job) *batchv1.Job {
	for _, job := range jobs {
		if n := attemptNumber(script, fence, job); n == attempt && n > 0 {
			return job
		}
	}
	return nil
}

// attemptNumber is that of a script's Job under a fence; 0 for any other Job.
func attemptNumber(script Script, fence int64, job *batchv1.Job) int {
	if job.Labels[v1alpha1.LabelScript] != string(script) || job.Labels[v1alpha1.LabelFence] != strconv.FormatInt(fence, 10) {
		return 0
	}
	n, err := strconv.Atoi(job.Labels[v1alpha1.LabelAttempt])
	if err != nil {
		return 0
	}
	return n
}

// outcome says whether a Job has ended, how, and when.
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

func running(pods []*corev1.Pod) bool {
	for _, pod := range pods {
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			return true
		}
	}
	return false
}

// resultOf reads the termination message of the pod that left one. A pod of a
// Job that succeeded without a message is as bad as a crash: its image did not
// run our script.
func resultOf(script Script, pods []*corev1.Pod) Result {
	crashed := Result{Script: string(script), Reason: ReasonJobCrashed,
		Message: "the Job ended without a result and its pod is gone; see the events of its namespace"}
	for _, pod := range pods {
		for _, s := range speakers(pod) {
			if r, err := ParseResult(s.State.Terminated.Message); err == nil {
				return r
			}
			crashed.Message = fmt.Sprintf("the Job's container %s ended without a result, with exit code %d (%s); read its log with: kubectl logs -n %s %s -c %s",
				s.Name, s.State.Terminated.ExitCode, s.State.Terminated.Reason, pod.Namespace, pod.Name, s.Name)
		}
	}
	return crashed
}

// speakers are the containers that have ended and whose word counts: the one that
// ends the pod, or one before it that failed, so that it never ran.
func speakers(pod *corev1.Pod) []corev1.ContainerStatus {
	var out []corev1.ContainerStatus
	for _, s := range pod.Status.InitContainerStatuses {
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
			out = append(out, s)
		}
	}
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == components.MainContainer && s.State.Terminated != nil {
			out = append(out, s)
		}
	}
	return out
}

// Ended is true when a Job has succeeded or failed.
func Ended(job *batchv1.Job) bool {
	ended, _, _ := outcome(job)
	return ended
}

// FenceOf is the fence that a Job belongs to; 0 when it carries none.
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
