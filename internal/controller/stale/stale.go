// SPDX-License-Identifier: Apache-2.0

// Package stale detects that a cache does not show what it should: by resource versions
// (stale.go), and once per process by a first look at the API server (look.go).
package stale

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Err is the cause of the conflicts of this package.
var Err = errors.New("the cache does not show it yet")

// Conflict is the error for an object that the cache does not show as it is: what was decided
// on the cache is decided again.
func Conflict(obj client.Object) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: fmt.Sprintf("%T", obj)}, obj.GetName(), Err)
}

// Older is true when the first of two resource versions of one kind is the older one, or
// when they differ and cannot be compared.
func Older(a, b string) bool {
	n, err := resourceversion.CompareResourceVersion(a, b)
	return n < 0 || err != nil && a != b
}
