// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"cmp"
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
//
// The content is read once: nothing changes that of an immutable ConfigMap. From then on only the
// metadata is read, which says whether it is the same ConfigMap.
func (a *Applier) Use(ctx context.Context, owner client.Object, desired *corev1.ConfigMap) error {
	found, err := metadata(ctx, a.live, desired)
	switch {
	case apierrors.IsNotFound(err):
		return a.createToUse(ctx, owner, desired)
	case err != nil:
		return fmt.Errorf("reading ConfigMap %s: %w", desired.Name, err)
	}
	if problem := foreign(owner, found); problem != "" {
		return unusable(desired, problem)
	}
	if name, known := a.read.Get(found.UID); known && name == found.Name {
		return nil
	}
	return a.readToUse(ctx, owner, desired)
}

// readToUse reads the content of a ConfigMap.
func (a *Applier) readToUse(ctx context.Context, owner client.Object, desired *corev1.ConfigMap) error {
	found := &corev1.ConfigMap{}
	if err := a.live.Get(ctx, client.ObjectKeyFromObject(desired), found); err != nil {
		return fmt.Errorf("reading ConfigMap %s: %w", desired.Name, err)
	}
	if problem := cmp.Or(foreign(owner, found), differs(desired, found)); problem != "" {
		return unusable(desired, problem)
	}
	a.read.Add(found.UID, found.Name)
	return nil
}

func metadata(ctx context.Context, from client.Reader, cm *corev1.ConfigMap) (*metav1.PartialObjectMetadata, error) {
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	return found, from.Get(ctx, client.ObjectKeyFromObject(cm), found)
}

func unusable(cm *corev1.ConfigMap, problem string) error {
	return &ConflictError{Kind: "ConfigMap", Namespace: cm.Namespace, Name: cm.Name, Problem: problem}
}

// Keep creates a ConfigMap that pods mount if the cache does not have it. One that is in the
// cache is not checked here but when it is given to a pod: a resting phase reads nothing, and
// the cache has the metadata alone.
func (a *Applier) Keep(ctx context.Context, owner client.Object, cm *corev1.ConfigMap) error {
	_, err := metadata(ctx, a.client, cm)
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
func (a *Applier) createToUse(ctx context.Context, owner client.Object, desired *corev1.ConfigMap) error {
	cm := desired.DeepCopy()
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
	if differs(desired, cm) == "" { // no webhook has changed it
		a.read.Add(cm.UID, cm.Name)
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

// foreign says why an object is not the owner's to use; empty when it is.
func foreign(owner client.Object, found metav1.Object) string {
	switch {
	case !metav1.IsControlledBy(found, owner):
		return "is not controlled by this object"
	case found.GetDeletionTimestamp() != nil:
		return "is being deleted"
	default:
		return ""
	}
}

// differs says why the content of found is not that of desired; empty when it is.
func differs(desired, found *corev1.ConfigMap) string {
	switch {
	case found.Immutable == nil || !*found.Immutable:
		return "is not immutable"
	case !maps.Equal(found.Data, desired.Data) || !maps.EqualFunc(found.BinaryData, desired.BinaryData, bytes.Equal):
		return "has different content"
	default:
		return ""
	}
}
