// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// supersetChanged passes changes of spec, of a token, and of status. The last is
// the operator's own write, and yet it has to be looked at: what was decided
// before the cache had it may have found nothing new to say.
func supersetChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.Superset)
		after, ok2 := e.ObjectNew.(*v1alpha1.Superset)
		if !ok1 || !ok2 {
			return true
		}
		return before.Generation != after.Generation ||
			tokensOf(before) != tokensOf(after) ||
			!equality.Semantic.DeepEqual(before.Status, after.Status)
	}}
}

// ownChanged passes changes of a component's spec and, for the same reason, of
// its status.
func ownChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(v1alpha1.Component)
		after, ok2 := e.ObjectNew.(v1alpha1.Component)
		return !ok1 || !ok2 || before.GetGeneration() != after.GetGeneration() ||
			!equality.Semantic.DeepEqual(before.ComponentStatus(), after.ComponentStatus())
	}}
}

// componentChanged passes what the parent acts upon: spec (drift), the echoed
// fence and generation, and the conditions.
func componentChanged() predicate.Predicate {
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
			!sameConditions(old.Conditions, now.Conditions)
	}}
}

// podChanged passes what decides about drains, Jobs, restarts and what is in the way.
func podChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*corev1.Pod)
		after, ok2 := e.ObjectNew.(*corev1.Pod)
		if !ok1 || !ok2 {
			return true
		}
		one := []*corev1.Pod{before}
		two := []*corev1.Pod{after}
		return before.Status.Phase != after.Status.Phase ||
			(before.DeletionTimestamp == nil) != (after.DeletionTimestamp == nil) ||
			podReady(before) != podReady(after) ||
			restarts(before) != restarts(after) ||
			components.Diagnose(one) != components.Diagnose(two)
	}}
}

// restarts counts those of a pod's containers.
func restarts(pod *corev1.Pod) (n int32) {
	for _, s := range pod.Status.ContainerStatuses {
		n += s.RestartCount
	}
	return n
}

// toInstance maps a pod to the object that it was made for, by label: a pod is
// owned by a ReplicaSet or a Job, not by us.
func toInstance(_ context.Context, obj client.Object) []reconcile.Request {
	name := obj.GetLabels()[v1alpha1.LabelInstance]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: obj.GetNamespace(), Name: name}}}
}
