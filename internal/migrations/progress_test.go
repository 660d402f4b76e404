// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

var ended, scriptEnded = metav1.Unix(1_700_000_000, 0), metav1.Unix(1_600_000_000, 0)

// job is a Job of a script; how is "" while it runs, Complete or Failed.
func job(script Script, fence int64, attempt int, how batchv1.JobConditionType) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprintf("bi-%s-%d-%d", script, fence, attempt), Namespace: "ns",
		UID: types.UID(fmt.Sprintf("%s-%d-%d", script, fence, attempt)),
		Labels: map[string]string{
			v1alpha1.LabelScript: string(script), v1alpha1.LabelFence: fmt.Sprint(fence), v1alpha1.LabelAttempt: fmt.Sprint(attempt),
		},
	}}
	if how != "" {
		j.Status.Conditions = []batchv1.JobCondition{
			{Type: batchv1.JobSuspended, Status: corev1.ConditionTrue},
			{Type: how, Status: corev1.ConditionTrue, LastTransitionTime: ended},
		}
	}
	return j
}

// pod is a pod of a Job; message is the termination message of its container.
func pod(of *batchv1.Job, phase corev1.PodPhase, message string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", OwnerReferences: []metav1.OwnerReference{{UID: of.UID}}}}
	p.Status.Phase = phase
	s := corev1.ContainerStatus{Name: "superset"}
	switch phase {
	case corev1.PodSucceeded:
		s.State.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", Message: message, FinishedAt: scriptEnded}
	case corev1.PodFailed:
		s.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", Message: message, FinishedAt: scriptEnded}
	default:
	}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "sidecar", State: s.State}, s}
	p.Status.ContainerStatuses[0].State.Terminated = nil
	return p
}

// sidecar is a pod whose script has ended, while another container runs on.
func sidecar(of *batchv1.Job, ends corev1.PodPhase, message string) *corev1.Pod {
	p := pod(of, ends, message)
	p.Status.Phase = corev1.PodRunning
	return p
}

// native is the same with a native sidecar, which is about to end.
func native(of *batchv1.Job, message string) *corev1.Pod {
	p := sidecar(of, corev1.PodSucceeded, message)
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "sidecar", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	p.Status.ContainerStatuses = p.Status.ContainerStatuses[1:]
	return p
}

// initFailed is a pod whose main container never ran.
func initFailed(of *batchv1.Job, message string) *corev1.Pod {
	p := pod(of, corev1.PodPending, "")
	p.Status.Phase = corev1.PodFailed
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{
		{Name: "prepare", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: "done"}}},
		{Name: "database", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, Reason: "Error", Message: message}}},
	}
	return p
}

func TestProgressOf(t *testing.T) {
	const good = `{"script":"migrate","revision":"abc","head":"abc"}`
	const bad = `{"script":"migrate","reason":"LockTimeout","message":"too busy"}`
	running, complete, failed := job(Migrate, 7, 1, ""), job(Migrate, 7, 1, batchv1.JobComplete), job(Migrate, 7, 1, batchv1.JobFailed)
	second := job(Migrate, 7, 2, "")
	stuck := pod(running, corev1.PodPending, "")
	stuck.Status.ContainerStatuses[1].State.Waiting = &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no such image"}
	unlabelled := job(Migrate, 7, 1, "")
	unlabelled.Labels[v1alpha1.LabelAttempt] = "first"
	undecided := job(Migrate, 7, 1, batchv1.JobComplete)
	undecided.Status.Conditions[1].Status = corev1.ConditionFalse
	failing := job(Migrate, 7, 1, batchv1.JobFailureTarget) // its pods are not gone yet

	ok := Result{Script: "migrate", Revision: "abc", Head: "abc"}
	locked := Result{Script: "migrate", Reason: ReasonLockTimeout, Message: "too busy"}
	crash := Result{Script: "migrate", Reason: ReasonJobCrashed,
		Message: "the Job's container superset ended without a result, with exit code 137 (OOMKilled); read its log: kubectl logs -n ns p -c superset"}
	broken := Result{Script: "migrate", Reason: ReasonJobCrashed,
		Message: "the Job's container database ended without a result, with exit code 3 (Error); read its log: kubectl logs -n ns p -c database"}
	spoiled := ok
	spoiled.Reason, spoiled.Message = ReasonJobCrashed, "the script was killed after it had reported success, with exit code 137 (OOMKilled); read the events: kubectl get events -n ns"
	completed := crash
	completed.Message = "the Job's container superset ended without a result, with exit code 0 (Completed); read its log: kubectl logs -n ns p -c superset"
	otherFails := pod(failed, corev1.PodSucceeded, good)
	otherFails.Status.Phase = corev1.PodFailed
	otherFails.Status.ContainerStatuses[0].State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 143}
	gone := Result{Script: "migrate", Reason: ReasonJobCrashed,
		Message: "the Job failed without a result, and its pod no longer exists; read the events: kubectl get events -n ns"}

	cases := map[string]struct {
		jobs []*batchv1.Job
		pods []*corev1.Pod
		want Progress
	}{
		"no Job":                  {nil, nil, Progress{}},
		"of another script":       {[]*batchv1.Job{job(Verify, 7, 1, "")}, nil, Progress{}},
		"of another fence":        {[]*batchv1.Job{job(Migrate, 6, 1, batchv1.JobComplete)}, nil, Progress{}},
		"without an attempt":      {[]*batchv1.Job{unlabelled}, nil, Progress{}},
		"no pod yet":              {[]*batchv1.Job{running}, nil, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true, WithoutPod: running}},
		"pod runs":                {[]*batchv1.Job{running}, []*corev1.Pod{pod(running, corev1.PodRunning, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true}},
		"pod waits":               {[]*batchv1.Job{running}, []*corev1.Pod{stuck}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true, Blocked: "container superset waits: ErrImagePull: no such image"}},
		"another Job's pod waits": {[]*batchv1.Job{second}, []*corev1.Pod{stuck}, Progress{Name: "bi-migrate-7-2", Attempt: 2, Active: true, WithoutPod: second}},
		"pod ended, Job not":      {[]*batchv1.Job{running}, []*corev1.Pod{pod(running, corev1.PodSucceeded, good)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true}},
		"condition is false":      {[]*batchv1.Job{undecided}, nil, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true, WithoutPod: undecided}},
		"about to fail":           {[]*batchv1.Job{failing}, nil, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true, WithoutPod: failing}},
		"Job ended, pod not":      {[]*batchv1.Job{failed}, []*corev1.Pod{pod(failed, corev1.PodRunning, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true}},
		"Job ended, pod unknown":  {[]*batchv1.Job{failed}, []*corev1.Pod{pod(failed, corev1.PodUnknown, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true}},
		"done":                    {[]*batchv1.Job{complete}, []*corev1.Pod{pod(complete, corev1.PodSucceeded, good)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Done: true, FinishedAt: ended.Time, Result: ok}},
		"failed":                  {[]*batchv1.Job{failed}, []*corev1.Pod{pod(failed, corev1.PodFailed, bad)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: locked}},
		// The script reports a failure, whatever its exit code is.
		"complete with a reason": {[]*batchv1.Job{complete}, []*corev1.Pod{pod(complete, corev1.PodSucceeded, bad)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: locked}},
		// For example, the node was lost after the script had succeeded: this is no success,
		// and there must be a reason.
		"failed with a good result": {[]*batchv1.Job{failed}, []*corev1.Pod{pod(failed, corev1.PodFailed, good)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: spoiled}},
		// A Job is judged by its main container. Another one may run on, or be killed.
		"sidecar runs":              {[]*batchv1.Job{running}, []*corev1.Pod{sidecar(running, corev1.PodSucceeded, good)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Done: true, FinishedAt: scriptEnded.Time, Result: ok}},
		"sidecar runs, failed":      {[]*batchv1.Job{running}, []*corev1.Pod{sidecar(running, corev1.PodFailed, bad)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: scriptEnded.Time, Result: locked}},
		"sidecar runs, killed":      {[]*batchv1.Job{running}, []*corev1.Pod{sidecar(running, corev1.PodFailed, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: scriptEnded.Time, Result: crash}},
		"sidecar fails after it":    {[]*batchv1.Job{failed}, []*corev1.Pod{otherFails}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Done: true, FinishedAt: ended.Time, Result: ok}},
		"native sidecar is ended":   {[]*batchv1.Job{running}, []*corev1.Pod{native(running, good)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, Active: true}},
		"killed":                    {[]*batchv1.Job{failed}, []*corev1.Pod{pod(failed, corev1.PodFailed, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: crash}},
		"message of another image":  {[]*batchv1.Job{complete}, []*corev1.Pod{pod(complete, corev1.PodSucceeded, "hello from my image")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: completed}},
		"an init container reports": {[]*batchv1.Job{failed}, []*corev1.Pod{initFailed(failed, bad)}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: locked}},
		"an init container crashes": {[]*batchv1.Job{failed}, []*corev1.Pod{initFailed(failed, "")}, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: broken}},
		"failed, pod gone":          {[]*batchv1.Job{failed}, nil, Progress{Name: "bi-migrate-7-1", Attempt: 1, FinishedAt: ended.Time, Result: gone}},
		// It has exited with 0. That is all that is known: it is no crash, and no result.
		"complete, pod gone": {[]*batchv1.Job{complete}, nil, Progress{Name: "bi-migrate-7-1", Attempt: 1, Lost: true, FinishedAt: ended.Time, Result: Result{Script: "migrate"}}},
		"newest counts":      {[]*batchv1.Job{second, failed}, []*corev1.Pod{pod(failed, corev1.PodFailed, bad)}, Progress{Name: "bi-migrate-7-2", Attempt: 2, Active: true, WithoutPod: second}},
	}
	for name, c := range cases {
		if diff := cmp.Diff(c.want, ProgressOf(Migrate, 7, c.jobs, c.pods)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A migration runs until its pods have terminated, under any fence.
func TestSchemaJobRuns(t *testing.T) {
	old, done := job(Migrate, 3, 1, ""), job(Migrate, 3, 1, batchv1.JobComplete)
	cases := map[string]struct {
		jobs []*batchv1.Job
		pods []*corev1.Pod
		want bool
	}{
		"none":           {nil, nil, false},
		"other script":   {[]*batchv1.Job{job(Preflight, 7, 1, "")}, nil, false},
		"old fence":      {[]*batchv1.Job{old}, nil, true},
		"ended":          {[]*batchv1.Job{done}, []*corev1.Pod{pod(done, corev1.PodSucceeded, "")}, false},
		"ended, pod not": {[]*batchv1.Job{done}, []*corev1.Pod{pod(done, corev1.PodRunning, "")}, true},
		"sidecar runs":   {[]*batchv1.Job{old}, []*corev1.Pod{sidecar(old, corev1.PodSucceeded, "")}, false},
		"both run":       {[]*batchv1.Job{old}, []*corev1.Pod{pod(old, corev1.PodRunning, "")}, true},
		"foreign pod":    {[]*batchv1.Job{done}, []*corev1.Pod{pod(job(Verify, 3, 1, ""), corev1.PodRunning, "")}, false},
	}
	for name, c := range cases {
		if got := SchemaJobRuns(c.jobs, c.pods); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestJobAccessors(t *testing.T) {
	if Ended(job(Verify, 1, 1, "")) || !Ended(job(Verify, 1, 1, batchv1.JobFailed)) || !Ended(job(Verify, 1, 1, batchv1.JobComplete)) {
		t.Error("a Job has ended when it is complete or failed")
	}
	if got := FenceOf(job(Verify, 12, 1, "")); got != 12 {
		t.Errorf("fence %d, want 12", got)
	}
	if got := FenceOf(&batchv1.Job{}); got != 0 {
		t.Errorf("fence %d of a Job without one", got)
	}
	first, second := job(Verify, 1, 1, ""), job(Verify, 1, 2, "")
	if Newest(Verify, 1, []*batchv1.Job{first, second}) != second || Newest(Verify, 2, []*batchv1.Job{first}) != nil {
		t.Error("the newest Job of a fence is that of its last attempt")
	}
}

func TestParseResult(t *testing.T) {
	got, err := ParseResult(" {\"script\":\"preflight\",\"database\":\"postgresql\",\"pendingCount\":40,\"new\":1}\n")
	want := Result{Script: "preflight", Database: "postgresql", PendingCount: 40}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"", "{", "null", "[]", "{}", `"migrate"`, `{"reason":"LockTimeout"}`, `{"script":1}`, "Killed", `{"script":"a"} {"script":"b"}`} {
		if r, err := ParseResult(text); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
	for text, want := range map[string]Reason{"LockTimeout": ReasonLockTimeout, "Newer": "Newer", "lock timeout": ReasonUnexpected, "A b": ReasonUnexpected, strings.Repeat("A", 64): ReasonUnexpected} {
		if r, err := ParseResult(`{"script":"migrate","reason":"` + text + `"}`); err != nil || r.Reason != want {
			t.Errorf("reason %q is read as %q, %v", text, r.Reason, err)
		}
	}
	long := strings.Repeat("ä", maxMessage)
	for text, want := range map[string]string{
		long:       long,
		long + "x": strings.Repeat("ä", maxMessage-1) + "…",
	} {
		r, err := ParseResult(`{"script":"migrate","message":"` + text + `"}`)
		if err != nil || r.Message != want {
			t.Errorf("%d characters come out as %d: %v", len([]rune(text)), len([]rune(r.Message)), err)
		}
	}
}

// Charts reach the environment of another Job and status only in their format.
func TestChartsOfAResult(t *testing.T) {
	for text, want := range map[string]string{
		"12:0a1b2c3d:5,7:-":                   "12:0a1b2c3d:5,7:-",
		"12:0a1b2c3d:$(SUPERSET_SECRET_KEY)":  "",
		"12:0a1b2c3d:5 7:-":                   "",
		"12:0a1b2c3:5":                        "",
		strings.Repeat("12:0a1b2c3d:5,", 100): "",
	} {
		r, err := ParseResult(`{"script":"inspect","charts":"` + text + `"}`)
		if err != nil || r.Charts != want {
			t.Errorf("%q is read as %q, %v", text, r.Charts, err)
		}
	}
}

// Another attempt is made only if the cause may be gone by then.
func TestTransient(t *testing.T) {
	for r, want := range map[Reason]bool{
		ReasonDatabaseUnreachable: true, ReasonLockTimeout: true, ReasonJobCrashed: true, ReasonCheckUnanswered: true, ReasonCheckFailed: false,
		ReasonMigrationFailed: false, ReasonDatabaseAhead: false, ReasonImageBroken: false, ReasonSecretKeyInvalid: false, "": false,
	} {
		if r.Transient() != want {
			t.Errorf("%q passes: %v, want %v", r, r.Transient(), want)
		}
	}
}
