// SPDX-License-Identifier: Apache-2.0

package components

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// counted is a Deployment of generation 2 with desired replicas and counts.
func counted(want int32, seen int64, updated, all, available int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Generation: 2},
		Spec:       appsv1.DeploymentSpec{Replicas: &want},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: seen, UpdatedReplicas: updated, Replicas: all, AvailableReplicas: available, ReadyReplicas: available,
		},
	}
}

// progressing is a Deployment with one of three pods ready and a condition Progressing.
func progressing(is corev1.ConditionStatus, reason string) *appsv1.Deployment {
	d := counted(3, 2, 3, 3, 1)
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: is, Reason: reason}}
	return d
}

func TestHealthOf(t *testing.T) {
	unset := counted(1, 2, 1, 1, 1)
	unset.Spec.Replicas = nil
	quota := counted(3, 2, 1, 1, 1)
	quota.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota: small"}}
	passed := counted(1, 2, 1, 1, 1)
	passed.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionFalse, Message: "exceeded quota: small"}}
	stale := counted(3, 1, 3, 3, 3)
	stale.Status.Conditions = quota.Status.Conditions
	cases := map[string]struct {
		d    *appsv1.Deployment
		want Health
	}{
		"none":               {nil, Health{}},
		"settled":            {counted(3, 2, 3, 3, 3), Health{Settled: true, Replicas: 3, Ready: 3}},
		"default replicas":   {unset, Health{Settled: true, Replicas: 1, Ready: 1}},
		"held":               {counted(0, 2, 0, 0, 0), Health{Settled: true}},
		"held, pods left":    {counted(0, 2, 0, 1, 1), Health{Replicas: 1, Ready: 1}},
		"counts from before": {counted(3, 1, 3, 3, 3), Health{Replicas: 3, Ready: 3}},
		"never seen":         {counted(0, 0, 0, 0, 0), Health{}},
		"an old pod left":    {counted(3, 2, 3, 4, 3), Health{Replicas: 4, Ready: 3}},
		"a pod is old":       {counted(3, 2, 2, 3, 3), Health{Replicas: 3, Ready: 3}},
		"a pod is not ready": {counted(3, 2, 3, 3, 2), Health{Replicas: 3, Ready: 2}},
		"too many":           {counted(1, 2, 2, 2, 2), Health{Replicas: 2, Ready: 2}},
		"quota":              {quota, Health{Replicas: 1, Ready: 1, Blocked: "pods cannot be created: exceeded quota: small"}},
		"quota passed":       {passed, Health{Settled: true, Replicas: 1, Ready: 1}},
		"quota from before":  {stale, Health{Replicas: 3, Ready: 3}},
		"rolls":              {progressing(corev1.ConditionTrue, "ReplicaSetUpdated"), Health{Replicas: 3, Ready: 1}},
		"rolled once":        {progressing(corev1.ConditionTrue, "NewReplicaSetAvailable"), Health{Replicas: 3, Ready: 1}},
		"no progress":        {progressing(corev1.ConditionFalse, "ProgressDeadlineExceeded"), Health{Exceeded: true, Replicas: 3, Ready: 1}},
	}
	for name, c := range cases {
		if diff := cmp.Diff(c.want, HealthOf(c.d, nil)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	blocked := HealthOf(quota, []*corev1.Pod{waiting("a", "ImagePullBackOff", "no such image")})
	if want := "container superset waits: ImagePullBackOff: no such image"; blocked.Blocked != want {
		t.Errorf("got %q, want the pod's own reason first: %q", blocked.Blocked, want)
	}
}

func waiting(name, reason, message string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: MainContainer, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}},
	}
}

func TestDiagnose(t *testing.T) {
	crashing := waiting("a", "CrashLoopBackOff", "back-off 40s restarting failed container")
	crashing.Status.ContainerStatuses[0].RestartCount = 12
	killed := crashing.DeepCopy()
	killed.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	again := killed.DeepCopy()
	again.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	recovered := again.DeepCopy()
	recovered.Status.ContainerStatuses[0].Ready = true
	unschedulable := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/3 nodes are available"}}}}
	gated := unschedulable.DeepCopy()
	gated.Status.Conditions[0].Reason = corev1.PodReasonSchedulingGated
	initial := waiting("a", "ErrImagePull", "denied")
	initial.Status.InitContainerStatuses, initial.Status.ContainerStatuses = initial.Status.ContainerStatuses, nil
	initial.Status.InitContainerStatuses[0].Name = "setup"
	ending := waiting("a", "ImagePullBackOff", "")
	ending.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	cases := map[string]struct {
		pods []*corev1.Pod
		want string
	}{
		"none":             {nil, ""},
		"healthy":          {[]*corev1.Pod{{}}, ""},
		"starting":         {[]*corev1.Pod{waiting("a", "ContainerCreating", "")}, ""},
		"initialising":     {[]*corev1.Pod{waiting("a", "PodInitializing", "")}, ""},
		"image":            {[]*corev1.Pod{waiting("a", "ErrImagePull", "not found")}, "container superset waits: ErrImagePull: not found"},
		"secret":           {[]*corev1.Pod{waiting("a", "CreateContainerConfigError", `secret "bi" not found`)}, `container superset waits: CreateContainerConfigError: secret "bi" not found`},
		"crashing":         {[]*corev1.Pod{crashing}, "container superset crashes"},
		"out of memory":    {[]*corev1.Pod{killed}, "container superset crashes, last exit code 137 (OOMKilled)"},
		"between crashes":  {[]*corev1.Pod{again}, "container superset crashes, last exit code 137 (OOMKilled)"},
		"recovered":        {[]*corev1.Pod{recovered}, ""},
		"init container":   {[]*corev1.Pod{initial}, "container setup waits: ErrImagePull: denied"},
		"unschedulable":    {[]*corev1.Pod{unschedulable}, "pod cannot be scheduled: 0/3 nodes are available"},
		"gated":            {[]*corev1.Pod{gated}, ""},
		"ending":           {[]*corev1.Pod{ending}, ""},
		"ending, and next": {[]*corev1.Pod{ending, waiting("b", "InvalidImageName", "x")}, "container superset waits: InvalidImageName: x"},
		"first by name":    {[]*corev1.Pod{waiting("b", "ErrImagePull", "two"), waiting("a", "ErrImagePull", "one")}, "container superset waits: ErrImagePull: one"},
	}
	for name, c := range cases {
		if got := Diagnose(c.pods); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for reason := range blocking {
		if Diagnose([]*corev1.Pod{waiting("a", reason, "")}) == "" {
			t.Errorf("no diagnosis for a pod that waits with %s", reason)
		}
	}
}
