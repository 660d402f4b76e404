// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Whatever happens is enqueued once within half a second, and what is urgent at once.
func TestGathered(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Labels: map[string]string{v1alpha1.LabelInstance: "bi"}}}
	events := map[string]func(context.Context, handler.EventHandler, Queue){
		"created": func(ctx context.Context, h handler.EventHandler, q Queue) {
			h.Create(ctx, event.CreateEvent{Object: pod}, q)
		},
		"changed": func(ctx context.Context, h handler.EventHandler, q Queue) {
			h.Update(ctx, event.UpdateEvent{ObjectOld: pod, ObjectNew: pod}, q)
		},
		"deleted": func(ctx context.Context, h handler.EventHandler, q Queue) {
			h.Delete(ctx, event.DeleteEvent{Object: pod}, q)
		},
	}
	for name, happens := range events {
		for _, urgent := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
				defer q.ShutDown()
				h := InstanceGathered(func(client.Object, client.Object) bool { return urgent })
				happens(t.Context(), h, q)
				happens(t.Context(), h, q)
				synctest.Wait()
				if got := q.Len() == 1; got != urgent {
					t.Errorf("%s, urgent %v: %d are enqueued at once", name, urgent, q.Len())
				}
				time.Sleep(gather)
				synctest.Wait()
				if q.Len() != 1 {
					t.Errorf("%s, urgent %v: %d are enqueued, want 1", name, urgent, q.Len())
				}
				if got, _ := q.Get(); got.NamespacedName != (types.NamespacedName{Namespace: "prod", Name: "bi"}) {
					t.Errorf("%s: %v", name, got)
				}
			})
		}
	}
}

func TestUrgent(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelScript: "migrate"}}}
	ended, evicted, ready := pod.DeepCopy(), pod.DeepCopy(), pod.DeepCopy()
	ended.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "superset", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	evicted.Status.Phase = corev1.PodFailed
	ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}

	job := &batchv1.Job{}
	labelled, complete := job.DeepCopy(), job.DeepCopy()
	labelled.Labels = map[string]string{"a": "b"}
	complete.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}

	web := &v1alpha1.SupersetWebWorker{}
	changed, answered := web.DeepCopy(), web.DeepCopy()
	changed.Generation, answered.Status.Fence = 2, 7

	one := int32(1)
	rollout := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &one}, Status: appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1}}
	step, settled, failed, drifted := rollout.DeepCopy(), rollout.DeepCopy(), rollout.DeepCopy(), rollout.DeepCopy()
	step.Status.Replicas = 2
	settled.Status.AvailableReplicas = 1
	failed.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "quota"}}
	drifted.Generation = 2

	for name, c := range map[string]struct {
		urgent        IsUrgent
		before, after client.Object
		want          bool
	}{
		"a pod is created":          {UrgentPod, nil, pod, false},
		"a pod is ready":            {UrgentPod, pod, ready, false},
		"a script ends":             {UrgentPod, pod, ended, true},
		"a pod is evicted":          {UrgentPod, pod, evicted, true},
		"a pod is gone":             {UrgentPod, pod, nil, true},
		"a Job is created":          {UrgentJob, nil, job, false},
		"a Job is labelled":         {UrgentJob, job, labelled, false},
		"a Job ends":                {UrgentJob, job, complete, true},
		"a Job is gone":             {UrgentJob, job, nil, true},
		"a component is created":    {UrgentChild, nil, web, false},
		"a component has a spec":    {UrgentChild, web, changed, false},
		"a component answers":       {UrgentChild, web, answered, true},
		"a component is gone":       {UrgentChild, web, nil, true},
		"a Deployment is created":   {UrgentDeployment, nil, rollout, false},
		"a rollout takes a step":    {UrgentDeployment, rollout, step, false},
		"a rollout is complete":     {UrgentDeployment, rollout, settled, true},
		"a rollout cannot go on":    {UrgentDeployment, rollout, failed, true},
		"somebody edits Deployment": {UrgentDeployment, rollout, drifted, false},
		"a Deployment is gone":      {UrgentDeployment, rollout, nil, true},
	} {
		if got := c.urgent(c.before, c.after); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
