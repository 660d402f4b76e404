// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// Progress is the progress of a script under one fence.
type Progress struct {
	// Name of the newest Job; empty when there is none.
	Name string
	// Attempt is the number of the newest Job; 0 when there is none.
	Attempt int
	// Active is true until the script of the newest Job has ended: its Job has finished and all
	// of its pods have terminated, or another container alone keeps a pod running. A pod may
	// still run after its Job has failed.
	Active bool
	// Done is true when the newest Job succeeded.
	Done bool
	// FinishedAt is when the newest Job, or only its script, finished; zero while it is active.
	FinishedAt time.Time
	// Result of the newest Job; zero while it is active. If a Job ends without a result, the
	// reason is ReasonJobCrashed.
	Result Result
	// Lost is true when the newest Job succeeded and its result was lost with its pod. It is
	// neither Done nor failed: the script runs again.
	Lost bool
	// Uncounted is the number of earlier attempts that do not count towards a maximum: those
	// that only waited or were interrupted (see Reason.Uncounted), and those whose result was lost.
	Uncounted int
	// Before is the result of the previous attempt while the newest one is active; zero when
	// there is none.
	Before Result
	// Blocked is the reason why the newest Job's pod cannot start; empty when it can.
	Blocked string
	// WithoutPod is the newest Job while it is active and has no pod; nil otherwise. Its pod
	// may have been refused, which only the Job's events report.
	WithoutPod *batchv1.Job
}

// Tries is the number of attempts, without the uncounted ones.
func (p Progress) Tries() int { return p.Attempt - p.Uncounted }

// ProgressOf determines the progress of a script under a fence from the Jobs that the Superset
// controls and from their pods. It is zero when there is no Job. Earlier attempts are known
// by their records: see After.
func ProgressOf(script Script, fence int64, jobs []*batchv1.Job, pods []*corev1.Pod) Progress {
	newest, attempt := newestJob(script, fence, jobs)
	if newest == nil {
		return Progress{}
	}
	mine := podsOf(newest, pods)
	p := Progress{Name: newest.Name, Attempt: attempt, Blocked: components.Diagnose(mine)}
	ended, at := finished(newest, mine)
	if !ended {
		p.Active = true
		if len(mine) == 0 {
			p.WithoutPod = newest
		}
		return p
	}
	p.FinishedAt = at
	p.Result, p.Lost = resultOf(script, newest, mine)
	p.Result.Backup.setClaim(newest)
	p.Done = p.Result.Reason == "" && !p.Lost
	return p
}

// finished is whether and when the script of a Job has ended.
func finished(job *batchv1.Job, pods []*corev1.Pod) (ended bool, at time.Time) {
	ended, _, at = outcome(job)
	if works(pods) {
		return false, time.Time{}
	}
	if left, ok := lingering(pods); ok && !ended {
		return true, left.Since
	}
	return ended, at
}

// SchemaJobRuns reports whether the script of a Job that changes the schema, under any fence, has
// not ended.
func SchemaJobRuns(jobs []*batchv1.Job, pods []*corev1.Pod) bool {
	for _, job := range jobs {
		if !Script(job.Labels[v1alpha1.LabelScript]).ChangesSchema() {
			continue
		}
		if ended, _ := finished(job, podsOf(job, pods)); !ended {
			return true
		}
	}
	return false
}

// resultOf reads the termination message of a Job's pods. A pod without a result counts as
// crashed even if it succeeded: its image did not run the script. So does one that reported
// success and was killed before it had ended. How other containers end is of no interest. lost
// is true if the Job succeeded and its pod no longer exists.
func resultOf(script Script, job *batchv1.Job, pods []*corev1.Pod) (r Result, lost bool) {
	if _, failed, _ := outcome(job); !failed && len(pods) == 0 {
		return Result{Script: string(script)}, true
	}
	crashed := Result{Script: string(script), Reason: ReasonJobCrashed,
		Message: "the Job failed without a result, and its pod no longer exists; read the events: kubectl get events -n " + job.Namespace}
	for _, pod := range pods {
		for _, s := range reporters(pod) {
			if r, err := ParseResult(s.State.Terminated.Message); err == nil {
				return unlessKilled(r, pod, s.State.Terminated), false
			}
			crashed.Message = fmt.Sprintf("the Job's container %s ended without a result, with exit code %d (%s); read its log: kubectl logs -n %s %s -c %s",
				s.Name, s.State.Terminated.ExitCode, s.State.Terminated.Reason, pod.Namespace, pod.Name, s.Name)
		}
	}
	return crashed, false
}

// unlessKilled is the result of a script. Only one that has exited with 0 has succeeded.
func unlessKilled(r Result, pod *corev1.Pod, end *corev1.ContainerStateTerminated) Result {
	if r.Reason == "" && end.ExitCode != 0 {
		r.Reason = ReasonJobCrashed
		r.Message = fmt.Sprintf("the script was killed after it had reported success, with exit code %d (%s); read the events: kubectl get events -n %s",
			end.ExitCode, end.Reason, pod.Namespace)
	}
	return r
}

// reporters are the terminated containers that may have left the result: the main container,
// or a failed init container, after which the main container does not run.
func reporters(pod *corev1.Pod) []corev1.ContainerStatus {
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
