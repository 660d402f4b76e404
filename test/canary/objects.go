// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// kinds are what Objects reads: everything that the operator writes or makes others write.
var kinds = []schema.GroupVersionKind{
	v1alpha1.GroupVersion.WithKind("Superset"),
	v1alpha1.GroupVersion.WithKind("SupersetWebWorker"),
	v1alpha1.GroupVersion.WithKind("SupersetAsyncWorker"),
	v1alpha1.GroupVersion.WithKind("SupersetAsyncScheduler"),
	{Version: "v1", Kind: "ConfigMap"},
	{Version: "v1", Kind: "Event"},
	{Version: "v1", Kind: "PersistentVolumeClaim"},
	{Version: "v1", Kind: "Pod"},
	{Version: "v1", Kind: "Service"},
	{Version: "v1", Kind: "ServiceAccount"},
	{Group: "apps", Version: "v1", Kind: "ControllerRevision"},
	{Group: "apps", Version: "v1", Kind: "Deployment"},
	{Group: "apps", Version: "v1", Kind: "ReplicaSet"},
	{Group: "batch", Version: "v1", Kind: "Job"},
	{Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"},
}

// Objects returns the objects of a namespace as JSON, by kind, status included; the Leases of
// all namespaces, because that of the leader is in another one.
func Objects(ctx context.Context, from client.Reader, namespace string) (map[string]string, error) {
	out := map[string]string{}
	for _, kind := range kinds {
		in := namespace
		if kind.Kind == "Lease" {
			in = ""
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		if err := from.List(ctx, list, client.InNamespace(in)); err != nil {
			return nil, fmt.Errorf("listing each %s: %w", kind.Kind, err)
		}
		raw, err := json.Marshal(list.Items)
		if err != nil {
			return nil, fmt.Errorf("encoding each %s: %w", kind.Kind, err)
		}
		out[kind.Kind] = string(raw)
	}
	return out, nil
}
