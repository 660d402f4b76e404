// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"cmp"
	"context"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// SupersetChanged passes changes of spec, of a token, and of status. The status is the
// operator's own write. It must be reconciled all the same: a decision on the cache before
// it may have found nothing to do.
func SupersetChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.Superset)
		after, ok2 := e.ObjectNew.(*v1alpha1.Superset)
		if !ok1 || !ok2 {
			return true
		}
		return before.Generation != after.Generation ||
			state.TokensOf(before.Annotations) != state.TokensOf(after.Annotations) ||
			!equality.Semantic.DeepEqual(before.Status, after.Status)
	}}
}

// ComponentChanged passes, to the component's own controller, changes of its spec and, for
// the same reason, of its status.
func ComponentChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(v1alpha1.Component)
		after, ok2 := e.ObjectNew.(v1alpha1.Component)
		return !ok1 || !ok2 || before.GetGeneration() != after.GetGeneration() ||
			!equality.Semantic.DeepEqual(before.ComponentStatus(), after.ComponentStatus())
	}}
}

// ChildChanged passes, to the Superset of a component, what it acts on: the spec (drift),
// the fence and generation that its status answers, and the conditions.
func ChildChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(v1alpha1.Component)
		after, ok2 := e.ObjectNew.(v1alpha1.Component)
		if !ok1 || !ok2 {
			return true
		}
		old, now := before.ComponentStatus(), after.ComponentStatus()
		return before.GetGeneration() != after.GetGeneration() ||
			old.ObservedGeneration != now.ObservedGeneration ||
			old.Fence != now.Fence ||
			!equality.Semantic.DeepEqual(old.Conditions, now.Conditions)
	}}
}

// PodChanged passes what a drain, a Job, a soak or a diagnosis depends on.
func PodChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*corev1.Pod)
		after, ok2 := e.ObjectNew.(*corev1.Pod)
		if !ok1 || !ok2 {
			return true
		}
		return components.PodEnded(before) != components.PodEnded(after) ||
			!before.DeletionTimestamp.Equal(after.DeletionTimestamp) ||
			components.PodReady(before) != components.PodReady(after) ||
			restarts(before) != restarts(after) ||
			scriptEnded(before) != scriptEnded(after) ||
			components.Diagnose([]*corev1.Pod{before}) != components.Diagnose([]*corev1.Pod{after})
	}}
}

// JobChanged passes whatever the cache has of a Job, which is less than a Job: see slimJob.
func JobChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*batchv1.Job)
		after, ok2 := e.ObjectNew.(*batchv1.Job)
		return !ok1 || !ok2 || metadataChanged(before, after) || !equality.Semantic.DeepEqual(before.Status, after.Status)
	}}
}

// DeploymentChanged passes drift and what the health of a rollout depends on: most changes of a
// status are steps in between.
func DeploymentChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*appsv1.Deployment)
		after, ok2 := e.ObjectNew.(*appsv1.Deployment)
		return !ok1 || !ok2 || metadataChanged(before, after) || components.HealthOf(before, nil) != components.HealthOf(after, nil)
	}}
}

// metadataChanged is true for a change of the spec, and of the metadata that a person or another
// controller sets.
func metadataChanged(before, after client.Object) bool {
	return before.GetGeneration() != after.GetGeneration() ||
		!before.GetDeletionTimestamp().Equal(after.GetDeletionTimestamp()) ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) ||
		!maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
		!equality.Semantic.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
}

// scriptEnded is true for a pod of a Job whose script has ended. Another container may run on.
func scriptEnded(pod *corev1.Pod) bool {
	return pod.Labels[v1alpha1.LabelScript] != "" && components.MainEnded(pod) != nil
}

// restarts of all containers of a pod.
func restarts(pod *corev1.Pod) (n int32) {
	for _, s := range pod.Status.ContainerStatuses {
		n += s.RestartCount
	}
	return n
}

// ClaimChanged passes whether a claim exists and is being deleted.
func ClaimChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return (e.ObjectOld.GetDeletionTimestamp() == nil) != (e.ObjectNew.GetDeletionTimestamp() == nil)
	}}
}

// ClaimToInstance maps a claim for backups to its Superset. A claim that an older operator
// made has the instance label.
func ClaimToInstance(_ context.Context, obj client.Object) []reconcile.Request {
	name := cmp.Or(obj.GetLabels()[v1alpha1.LabelBackupsOf], obj.GetLabels()[v1alpha1.LabelInstance])
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: name}}}
}

// PodBlocked passes, to the controller of a component, what its health depends on: that a pod
// cannot run, and why. The rest is in the status of the Deployment.
func PodBlocked() predicate.Predicate {
	why := func(obj client.Object) string {
		pod, ok := obj.(*corev1.Pod)
		if !ok {
			return ""
		}
		return components.Diagnose([]*corev1.Pod{pod})
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return why(e.Object) != "" },
		UpdateFunc: func(e event.UpdateEvent) bool { return why(e.ObjectOld) != why(e.ObjectNew) },
		DeleteFunc: func(e event.DeleteEvent) bool { return why(e.Object) != "" },
	}
}

// ToInstance maps a pod to the object that it belongs to, by label: its owner is a
// ReplicaSet or a Job.
func ToInstance(_ context.Context, obj client.Object) []reconcile.Request {
	name := obj.GetLabels()[v1alpha1.LabelInstance]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: name}}}
}
