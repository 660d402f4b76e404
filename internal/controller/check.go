// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
)

// Check checks what the operator needs of a cluster, and changes nothing: a Kubernetes release
// that is not older than oldest, the CRDs, and the permission to list each kind in the
// namespaces; without namespaces, in all of them. The error has every fault and what to do.
func Check(ctx context.Context, config *rest.Config, namespaces []string, oldest string) error {
	if _, err := Inspect(config, oldest); err != nil {
		return err
	}
	c, err := client.New(config, client.Options{Scheme: watch.Scheme()})
	if err != nil {
		return fmt.Errorf("creating the client: %w", err)
	}
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	var faults []error
	for _, namespace := range namespaces {
		for _, list := range []client.ObjectList{
			&v1alpha1.SupersetList{}, &v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{},
		} {
			err := c.List(ctx, list, client.InNamespace(namespace), client.Limit(1))
			switch {
			case meta.IsNoMatchError(err):
				return fmt.Errorf("the cluster lacks a CRD; install those of this release of the operator: %w", err)
			case err != nil:
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}
