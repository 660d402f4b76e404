// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
)

// handover owns the replicas of a component once spec no longer sets them, until an
// autoscaler does.
const handover = apply.FieldOwner + "-handover"

// annotationReplicas marks a component whose replicas the operator owns.
const annotationReplicas = "superset-operator.dev/replicas"

// setReplicas sets the replicas of a component. Without a number the field is left out, so
// that an autoscaler can own it.
func setReplicas(c v1alpha1.Component, wanted *int32) {
	if at := c.DesiredReplicas(); at != nil && wanted != nil {
		*at = wanted
		c.SetAnnotations(map[string]string{annotationReplicas: "owned"})
	}
}

// handOverReplicas gives the live number of replicas to another field owner before the
// operator stops owning it: the API server resets a field without an owner to its default.
func (r *Reconciler) handOverReplicas(ctx context.Context, live, desired v1alpha1.Component) error {
	_, owned := live.GetAnnotations()[annotationReplicas]
	_, goesOn := desired.GetAnnotations()[annotationReplicas]
	if !owned || goesOn {
		return nil
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       desired.GetObjectKind().GroupVersionKind().Kind,
		"metadata":   map[string]any{"name": live.GetName(), "namespace": live.GetNamespace(), "uid": string(live.GetUID())},
		"spec":       map[string]any{"replicas": int64(**live.DesiredReplicas())},
	}}
	if err := r.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), handover, client.ForceOwnership); err != nil {
		return fmt.Errorf("handing over the replicas of %s: %w", live.GetName(), err)
	}
	return nil
}

// keepTier changes nothing but fence, mode and replicas of a component: its release is
// missing, so the rest of its spec cannot be rendered. The replicas of an autoscaled one are
// left alone.
func (r *Reconciler) keepTier(ctx context.Context, live v1alpha1.Component, a actions.ApplyTier, replicas *int32) error {
	kept := live.DeepCopyObject().(v1alpha1.Component)
	kept.ComponentSpec().Fence, kept.ComponentSpec().Mode = a.Fence, a.Mode
	if at := kept.DesiredReplicas(); at != nil && replicas != nil {
		*at = replicas
	}
	if equality.Semantic.DeepEqual(kept, live) {
		return nil
	}
	patch := client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{})
	if err := r.Patch(ctx, kept, patch, apply.FieldOwner); err != nil {
		return fmt.Errorf("changing %s, whose release is missing: %w", live.GetName(), err)
	}
	return nil
}
