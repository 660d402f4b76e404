// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// componentKinds have the spec of a component.
var componentKinds = []string{"SupersetWebWorker", "SupersetAsyncWorker", "SupersetAsyncScheduler"}

// send sends a request without a lasting effect, as its author: the creation of an object, or
// the change of the one that newCopy has made. The answers are by kind.
func (c *policyCopy) send(r request) map[string]error {
	c.t.Helper()
	name := c.names[r.Rule+r.Name]
	author := c.as(r, name)
	if r.Components != nil {
		out := map[string]error{}
		for _, kind := range componentKinds {
			out[kind] = author.Create(c.t.Context(), c.object(kind, name, r.Components, nil), client.DryRunAll)
		}
		return out
	}
	object := c.object("Superset", name, r.Spec, r.Annotations)
	object.SetLabels(r.Labels)
	if r.Owned {
		object.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "a", UID: "b"}})
	}
	if r.Old == nil {
		return map[string]error{"Superset": author.Create(c.t.Context(), object, client.DryRunAll)}
	}
	before := c.object("Superset", name, r.Old, r.OldAnnotations)
	return map[string]error{"Superset": author.Patch(c.t.Context(), object, client.MergeFrom(before), client.DryRunAll)}
}

// as is a client that acts as the author of a request.
func (c *policyCopy) as(r request, name string) client.Client {
	c.t.Helper()
	user := name
	if r.As == "operator" {
		user = shipped.User
	}
	config := rest.CopyConfig(control.REST())
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	config.WarningHandlerWithContext = warnings{c}
	author, err := client.New(config, client.Options{Scheme: k8s.Scheme(), Mapper: k8s.RESTMapper()})
	must(c.t, err)
	return author
}

// warnings keeps what the API server warns of.
type warnings struct{ of *policyCopy }

func (w warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.of.warned += text + "\n"
}

// object is a small object of a kind, with an addition to its spec.
func (c *policyCopy) object(kind, name string, addition map[string]any, annotations map[string]string) *unstructured.Unstructured {
	ref := func(key string) map[string]any { return map[string]any{"name": "bi", "key": key} }
	spec := map[string]any{"version": "6.0.0", "secretKeyFrom": ref("secret-key"),
		"database": map[string]any{"uriFrom": ref("database-uri")}, "cache": map[string]any{"urlFrom": ref("redis-url")}}
	if !slices.Contains(componentKinds, kind) {
		spec["paused"] = true // the operator need not roll it out
		for _, tier := range []string{"web", "worker", "scheduler"} {
			spec[tier] = map[string]any{}
		}
	}
	mergeInto(spec, addition)
	out := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	out.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	out.SetNamespace(c.ns)
	out.SetName(name)
	out.SetAnnotations(annotations)
	return out.DeepCopy()
}

// mergeInto merges maps; another value replaces the one before.
func mergeInto(into, from map[string]any) {
	for key, value := range from {
		before, isMap := into[key].(map[string]any)
		if change, ok := value.(map[string]any); ok && isMap {
			merged := maps.Clone(before)
			mergeInto(merged, change)
			value = merged
		}
		into[key] = value
	}
}
