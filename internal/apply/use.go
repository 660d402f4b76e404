// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// Use makes sure that a pod can mount desired, an immutable ConfigMap whose name contains
// the hash of its content. It is created if it does not exist. An existing one is read
// from the API server, and is used only if owner controls it, it is immutable, and it has
// the content of desired: its pods hold the secret key, so whoever chooses the content runs
// code with that key. Otherwise the error is a *ConflictError.
func (a *Applier) Use(ctx context.Context, owner client.Object, desired *corev1.ConfigMap) error {
	found := &corev1.ConfigMap{}
	err := a.live.Get(ctx, client.ObjectKeyFromObject(desired), found)
	switch {
	case apierrors.IsNotFound(err):
		return a.createToUse(ctx, owner, desired.DeepCopy())
	case err != nil:
		return fmt.Errorf("reading ConfigMap %s: %w", desired.Name, err)
	}
	if problem := differs(owner, desired, found); problem != "" {
		return &ConflictError{Kind: "ConfigMap", Namespace: found.Namespace, Name: found.Name, Problem: problem}
	}
	return nil
}

// Keep creates a ConfigMap that pods mount if the cache does not have it. One that is in the
// cache is not checked here but when it is given to a pod: a resting phase reads nothing, and
// the cache has the metadata alone.
func (a *Applier) Keep(ctx context.Context, owner client.Object, cm *corev1.ConfigMap) error {
	cached := &metav1.PartialObjectMetadata{}
	cached.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	err := a.client.Get(ctx, client.ObjectKeyFromObject(cm), cached)
	if apierrors.IsNotFound(err) {
		return a.Use(ctx, owner, cm)
	}
	if err != nil {
		return fmt.Errorf("reading ConfigMap %s: %w", cm.Name, err)
	}
	return nil
}

// createToUse creates a ConfigMap. If somebody else has created it meanwhile, the error is a
// conflict: it is read again.
func (a *Applier) createToUse(ctx context.Context, owner client.Object, cm *corev1.ConfigMap) error {
	if err := controllerutil.SetControllerReference(owner, cm, a.client.Scheme()); err != nil {
		return fmt.Errorf("setting the owner of %s: %w", cm.Name, err)
	}
	err := a.client.Create(ctx, cm, FieldOwner)
	if apierrors.IsAlreadyExists(err) {
		return apierrors.NewConflict(corev1.Resource("configmaps"), cm.Name, err)
	}
	if err != nil {
		return fmt.Errorf("creating ConfigMap %s: %w", cm.Name, err)
	}
	return nil
}

func (a *Applier) useAll(ctx context.Context, owner client.Object, mounts []*corev1.ConfigMap) error {
	for _, cm := range mounts {
		if err := a.Use(ctx, owner, cm); err != nil {
			return err
		}
	}
	return nil
}

// differs says why found cannot be used as desired; empty when it can.
func differs(owner client.Object, desired, found *corev1.ConfigMap) string {
	switch {
	case !metav1.IsControlledBy(found, owner):
		return "is not controlled by this object"
	case found.DeletionTimestamp != nil:
		return "is being deleted"
	case found.Immutable == nil || !*found.Immutable:
		return "is not immutable"
	case !maps.Equal(found.Data, desired.Data) || !maps.EqualFunc(found.BinaryData, desired.BinaryData, bytes.Equal):
		return "has different content"
	default:
		return ""
	}
}
