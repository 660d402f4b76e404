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
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// An Index finds objects of a kind in a cache by a value, without a look at the others.
type Index struct {
	Of    client.Object
	Field string
	// Values are those of one object; it is listed under none without a value.
	Values client.IndexerFunc
}

// The indexes: by the instance label, by the slot that a run holds, and by the identity of
// the database.
const (
	byInstance = "instance"
	bySlot     = "slot"
	byDatabase = "database"
)

// Indexes are those of the caches. Whatever is listed is listed by one of them: a list by
// label would walk every object of the namespace.
func Indexes() []Index {
	return []Index{
		{&v1alpha1.SupersetWebWorker{}, byInstance, instanceOf},
		{&v1alpha1.SupersetAsyncWorker{}, byInstance, instanceOf},
		{&v1alpha1.SupersetAsyncScheduler{}, byInstance, instanceOf},
		{&appsv1.Deployment{}, byInstance, instanceOf},
		{&corev1.Service{}, byInstance, instanceOf},
		{&corev1.ServiceAccount{}, byInstance, instanceOf},
		{&appsv1.ControllerRevision{}, byInstance, instanceOf},
		{&batchv1.Job{}, byInstance, instanceOf},
		{&corev1.Pod{}, byInstance, instanceOf},
		{Metadata("ConfigMap"), byInstance, instanceOf},
		{&v1alpha1.Superset{}, bySlot, ofSuperset(func(s *v1alpha1.Superset) string { return string(lifecycle.HoldsSlot(s)) })},
		{&v1alpha1.Superset{}, byDatabase, ofSuperset(databaseOf)},
	}
}

func instanceOf(obj client.Object) []string {
	return ifAny(obj.GetLabels()[v1alpha1.LabelInstance])
}

func databaseOf(s *v1alpha1.Superset) string {
	if s.Status.Schema == nil {
		return ""
	}
	return s.Status.Schema.Identity
}

func ofSuperset(value func(*v1alpha1.Superset) string) client.IndexerFunc {
	return func(obj client.Object) []string {
		s, ok := obj.(*v1alpha1.Superset)
		if !ok {
			return nil
		}
		return ifAny(value(s))
	}
}

func ifAny(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// OfInstance lists what the operator made for an instance, from a cache.
func OfInstance(namespace, name string) client.ListOption {
	o := &client.ListOptions{}
	return o.ApplyOptions([]client.ListOption{
		client.InNamespace(namespace), client.MatchingFields{byInstance: name}, client.MatchingLabels(components.Labels(name)),
	})
}

// HoldingSlot lists the Supersets whose runs hold a slot of a kind, from a cache.
func HoldingSlot(kind v1alpha1.SlotKind) client.ListOption {
	return client.MatchingFields{bySlot: string(kind)}
}

// WithDatabase lists the Supersets with a database, from a cache.
func WithDatabase(identity string) client.ListOption {
	return client.MatchingFields{byDatabase: identity}
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
