// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// belongings are lists of all that a Superset has, and that is decided upon.
func belongings() []client.ObjectList {
	return []client.ObjectList{
		&v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{},
		&batchv1.JobList{}, &corev1.PodList{}, &appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ConfigMapList{}, &appsv1.ControllerRevisionList{},
	}
}

// seesAll is a conflict until the cache has once shown, of a Superset and of all that it
// has, no less than the API server had. The cache of a process begins with lists that
// may be from the past, each kind from another one: what is decided from such a mixture
// is wrong in more ways than there are signs of it. From then on it only goes forward.
func (r *SupersetReconciler) seesAll(ctx context.Context, s *v1alpha1.Superset) error {
	if _, seen := r.seen.Get(s.UID); seen {
		return nil
	}
	live := &v1alpha1.Superset{}
	if err := r.direct.Get(ctx, client.ObjectKeyFromObject(s), live); err != nil {
		return fmt.Errorf("reading a Superset past the cache: %w", err)
	}
	if live.UID != s.UID || older(s.ResourceVersion, live.ResourceVersion) {
		return lagging(live)
	}
	for _, list := range belongings() {
		if err := r.seesList(ctx, s, list); err != nil {
			return err
		}
	}
	r.seen.Add(s.UID, nil)
	return nil
}

// seesList is a conflict while the cache lacks an object of the kind, or has an older
// one, or one that is gone.
func (r *SupersetReconciler) seesList(ctx context.Context, s *v1alpha1.Superset, live client.ObjectList) error {
	mine := []client.ListOption{client.InNamespace(s.Namespace), client.MatchingLabels(components.Labels(s.Name))}
	cached := live.DeepCopyObject().(client.ObjectList)
	if err := r.direct.List(ctx, live, mine...); err != nil {
		return fmt.Errorf("reading a %T past the cache: %w", live, err)
	}
	if err := r.List(ctx, cached, mine...); err != nil {
		return fmt.Errorf("reading a %T: %w", cached, err)
	}
	shown := map[types.UID]client.Object{}
	_ = each(cached, func(obj client.Object) error {
		shown[obj.GetUID()] = obj
		return nil
	})
	err := each(live, func(obj client.Object) error {
		have, ok := shown[obj.GetUID()]
		if !ok || older(have.GetResourceVersion(), obj.GetResourceVersion()) {
			return lagging(obj)
		}
		delete(shown, obj.GetUID())
		return nil
	})
	for _, obj := range shown {
		if err == nil && !older(live.GetResourceVersion(), obj.GetResourceVersion()) {
			err = lagging(obj) // and not one that has come since
		}
	}
	return err
}

// each calls do with each object of a list, until one returns an error.
func each(list client.ObjectList, do func(client.Object) error) error {
	return meta.EachListItem(list, func(item runtime.Object) error { return do(item.(client.Object)) })
}

// older is true when the first of two resource versions of one kind is the older one.
// Those that cannot be compared are taken for different times if they differ.
func older(a, b string) bool {
	n, err := resourceversion.CompareResourceVersion(a, b)
	return n < 0 || err != nil && a != b
}
