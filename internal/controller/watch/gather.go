// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// gather is how long an event may wait for the next one: a rollout changes many objects within
// seconds, and one reconcile sees all of them.
const gather = 500 * time.Millisecond

// IsUrgent is true for an event that a run waits for. before is nil for an object that was
// created, and after for one that was deleted.
type IsUrgent func(before, after client.Object) bool

// Gathered enqueues what h enqueues: at once for an urgent event, otherwise once for all events
// within half a second.
func Gathered(h handler.EventHandler, urgent IsUrgent) handler.EventHandler {
	queue := func(q Queue, before, after client.Object) Queue {
		if urgent(before, after) {
			return q
		}
		return later{q}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q Queue) { h.Create(ctx, e, queue(q, nil, e.Object)) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q Queue) {
			h.Update(ctx, e, queue(q, e.ObjectOld, e.ObjectNew))
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q Queue) { h.Delete(ctx, e, queue(q, e.Object, nil)) },
	}
}

// OwnersGathered enqueues the controller, of the kind of owner, of an object.
func OwnersGathered(c cluster.Cluster, owner client.Object, urgent IsUrgent) handler.EventHandler {
	return Gathered(handler.EnqueueRequestForOwner(c.GetScheme(), c.GetRESTMapper(), owner, handler.OnlyControllerOwner()), urgent)
}

// InstanceGathered enqueues the object that a pod belongs to.
func InstanceGathered(urgent IsUrgent) handler.EventHandler {
	return Gathered(handler.EnqueueRequestsFromMapFunc(ToInstance), urgent)
}

// Queue is that of a controller.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// later is a queue to which everything is added after a delay.
type later struct{ Queue }

// Add implements [workqueue.TypedInterface].
func (l later) Add(r reconcile.Request) { l.AddAfter(r, gather) }

// UrgentPod is true for the end of a script, and of a pod. The start of a pod is reported by its
// Deployment as well.
func UrgentPod(_, after client.Object) bool {
	pod, exists := after.(*corev1.Pod)
	return !exists || scriptEnded(pod) || components.PodEnded(pod)
}

// UrgentJob is true for one that has ended, or was deleted.
func UrgentJob(before, after client.Object) bool {
	old, ok1 := before.(*batchv1.Job)
	now, ok2 := after.(*batchv1.Job)
	return !ok2 || ok1 && !equality.Semantic.DeepEqual(old.Status.Conditions, now.Status.Conditions)
}

// UrgentChild is true, for the Superset of a component, for the status that it waits for. The
// spec is the operator's own write.
func UrgentChild(before, after client.Object) bool {
	old, ok1 := before.(v1alpha1.Component)
	now, ok2 := after.(v1alpha1.Component)
	return !ok2 || ok1 && !equality.Semantic.DeepEqual(old.ComponentStatus(), now.ComponentStatus())
}

// UrgentDeployment is true for a rollout that has ended, or cannot go on. The numbers of its
// pods are steps in between.
func UrgentDeployment(before, after client.Object) bool {
	old, ok1 := before.(*appsv1.Deployment)
	now, ok2 := after.(*appsv1.Deployment)
	if !ok1 || !ok2 {
		return !ok2
	}
	was, is := components.HealthOf(old, nil), components.HealthOf(now, nil)
	return was.Settled != is.Settled || was.Exceeded != is.Exceeded || was.Blocked != is.Blocked
}
