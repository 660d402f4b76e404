// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// An Index finds objects of a kind in a cache by a value, without a look at the others.
type Index struct {
	Of    client.Object
	Field string
	// Values are those of one object; it is listed under none without a value.
	Values client.IndexerFunc
}

// byInstance is the index by the instance label.
const byInstance = "instance"

// Indexes are those of the caches. Whatever is listed is listed by one of them: a list by
// label would walk every object of the namespace.
func Indexes() []Index {
	return []Index{
		{&appsv1.ControllerRevision{}, byInstance, instanceOf},
		{&batchv1.Job{}, byInstance, instanceOf},
		{&corev1.Pod{}, byInstance, instanceOf},
		{&corev1.ConfigMap{}, byInstance, instanceOf},
	}
}

func instanceOf(obj client.Object) []string {
	if name := obj.GetLabels()[v1alpha1.LabelInstance]; name != "" {
		return []string{name}
	}
	return nil
}

// OfInstance lists what the operator made for an instance, from a cache.
func OfInstance(namespace, name string) client.ListOption {
	o := &client.ListOptions{}
	return o.ApplyOptions([]client.ListOption{
		client.InNamespace(namespace), client.MatchingFields{byInstance: name}, client.MatchingLabels(components.Labels(name)),
	})
}

// AddIndexes adds the indexes to the caches, before they start.
func AddIndexes(ctx context.Context, to client.FieldIndexer) error {
	for _, i := range Indexes() {
		if err := to.IndexField(ctx, i.Of, i.Field, i.Values); err != nil {
			return fmt.Errorf("adding the index %s of %T: %w", i.Field, i.Of, err)
		}
	}
	return nil
}
