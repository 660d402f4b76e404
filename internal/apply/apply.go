// SPDX-License-Identifier: Apache-2.0

// Package apply writes objects to the API server: server-side apply of a desired
// object, creation of an immutable one, deletion, and status patches. It skips writes
// that would change nothing, and never changes an object with a different controller.
package apply

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// FieldOwner is the operator's field manager.
const FieldOwner = client.FieldOwner("superset-operator")

// ConflictError reports that an object with a name that the operator needs is not the
// operator's: it has a different controller, or none.
type ConflictError struct {
	Kind, Namespace, Name string
	// Problem is what is wrong with it; empty for its controller.
	Problem string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s %s/%s exists and %s; delete it (kubectl delete %s -n %s %s), or give this object a different name", e.Kind, e.Namespace, e.Name,
		cmp.Or(e.Problem, "is not controlled by this object"), strings.ToLower(e.Kind), e.Namespace, e.Name)
}

// Applier writes objects. Each call has one owner, which becomes the controller of the
// object.
type Applier struct {
	client client.Client
	// live reads from the API server. It is used only before an object is created that
	// is not in the cache.
	live client.Reader
	// lastWrites has the last write to each object, by UID, so that a stale cache does
	// not cause a second write.
	lastWrites *lru.Cache
	// settled has the state in which an object had everything that was to be applied to it, by
	// UID, so that it is compared once.
	settled *lru.Cache
	// read has the names of the ConfigMaps whose content was read, by UID.
	read *lru.Cache
}

// write describes one apply to an object.
type write struct {
	// hash of the configuration, and the resource version that the apply was based on.
	hash, from string
	// changed is true if the apply changed the object.
	changed bool
}

// New returns an Applier that writes with c, and reads from live the objects that are
// not in the cache of c.
func New(c client.Client, live client.Reader) Applier {
	return Applier{client: c, live: live, lastWrites: lru.New(4096), settled: lru.New(maxSettled), read: lru.New(4096)}
}

// Apply applies desired by server-side apply, with owner as its controller. live is the
// object in the cache, or nil if it is not there. If nothing differs, nothing is
// written. changed is true if the object was changed or created, so that live is
// outdated. The error is a *ConflictError if the object has a different controller; it
// is not changed then. A conflict error of the API server means that live is stale.
// mounts are the ConfigMaps that the pods of desired mount: see Use. They are checked
// only if something is written.
func (a *Applier) Apply(ctx context.Context, owner, desired, live client.Object, mounts ...*corev1.ConfigMap) (changed bool, err error) {
	if err := controllerutil.SetControllerReference(owner, desired, a.client.Scheme()); err != nil {
		return false, fmt.Errorf("setting the owner of %s: %w", desired.GetName(), err)
	}
	if live != nil {
		return a.changeOnce(ctx, owner, desired, live, mounts)
	}
	u, err := applyConfiguration(desired)
	if err != nil {
		return false, err
	}
	if exists, err := a.exists(ctx, owner, desired); err != nil || exists {
		return exists, err // it is compared when it is in the cache
	}
	if err := a.useAll(ctx, owner, mounts); err != nil {
		return false, err
	}
	u.SetResourceVersion(unusedResourceVersion) // creates it, or is a conflict
	return true, a.send(ctx, u)
}

// unusedResourceVersion is a resource version that no object has. An apply with it
// either creates the object or is a conflict. An apply without a resource version would
// also change an object that was created in the meantime: an operator that was suspended
// just before it created a Deployment would reset it to its initial state.
const unusedResourceVersion = "1"

// changeOnce applies to an object in the cache that is not known to have everything already.
func (a *Applier) changeOnce(ctx context.Context, owner, desired, live client.Object, mounts []*corev1.ConfigMap) (changed bool, err error) {
	if !metav1.IsControlledBy(live, owner) {
		return false, conflict(desired)
	}
	state, err := stateOf(desired, live)
	if err != nil {
		return false, err
	}
	if known, ok := a.settled.Get(live.GetUID()); ok && known == state {
		return false, nil
	}
	u, err := applyConfiguration(desired)
	if err != nil {
		return false, err
	}
	same, err := unchanged(u, live)
	if err != nil {
		return false, err
	}
	if same {
		a.settled.Add(live.GetUID(), state)
		return false, nil
	}
	if changed, is := a.written(u, live); is {
		return changed, nil
	}
	if err := a.useAll(ctx, owner, mounts); err != nil {
		return false, err
	}
	return a.change(ctx, desired, u, live)
}

// written is true for a write that the cache does not show yet, which is not repeated, and for one
// that changed nothing: a foreign item in one of the operator's lists, such as a variable that a
// tool adds to a container, is a difference that an apply does not remove.
func (a *Applier) written(u *unstructured.Unstructured, live client.Object) (changed, is bool) {
	last, ok := a.lastWrites.Get(live.GetUID())
	if !ok {
		return false, false
	}
	w := last.(write)
	return w.changed, w.hash == hashOf(u) && w.from == live.GetResourceVersion()
}

func hashOf(u *unstructured.Unstructured) string {
	return u.GetAnnotations()[v1alpha1.AnnotationApplied]
}

// change applies to an object in the cache. The apply has the resource version of live, so that
// an operator with a stale cache, or one that is no longer the leader, gets a conflict instead of
// reverting a newer state.
func (a *Applier) change(ctx context.Context, desired client.Object, u *unstructured.Unstructured, live client.Object) (changed bool, err error) {
	from, want := live.GetResourceVersion(), u.DeepCopy()
	u.SetUID(live.GetUID()) // a re-created object with the same name is a conflict
	u.SetResourceVersion(from)
	if err := a.send(ctx, u); err != nil {
		return false, err
	}
	changed = u.GetResourceVersion() != from
	a.lastWrites.Add(live.GetUID(), write{hashOf(want), from, changed})
	return changed, a.settle(desired, want, u)
}

// settle remembers an object as it was answered to a write, if the answer has everything of
// it: the cache will show nothing else. A webhook may have changed something.
func (a *Applier) settle(desired client.Object, want, answer *unstructured.Unstructured) error {
	if !contains(answer.Object, want.Object) {
		return nil
	}
	state, err := stateOf(desired, answer)
	if err == nil {
		a.settled.Add(answer.GetUID(), state)
	}
	return err
}

func (a *Applier) send(ctx context.Context, u *unstructured.Unstructured) error {
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), FieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return nil
}

// Create creates an object that is never changed afterwards, with owner as its
// controller. It is no error if the object already exists with that controller. If it
// has a different one, the error is a *ConflictError.
func (a *Applier) Create(ctx context.Context, owner, desired client.Object) error {
	if err := controllerutil.SetControllerReference(owner, desired, a.client.Scheme()); err != nil {
		return fmt.Errorf("setting the owner of %s: %w", desired.GetName(), err)
	}
	err := a.client.Create(ctx, desired, FieldOwner)
	if apierrors.IsAlreadyExists(err) {
		_, err := a.exists(ctx, owner, desired)
		return err
	}
	if err != nil {
		return fmt.Errorf("creating %s: %w", desired.GetName(), err)
	}
	return nil
}

// Delete deletes an object at exactly the UID and resource version of obj, after its
// dependents (foreground): the API server's default for Jobs would leave their pods
// running. It is no error if the object does not exist. If it has changed, the error is
// a conflict.
func (a *Applier) Delete(ctx context.Context, obj client.Object) error {
	uid, state := obj.GetUID(), obj.GetResourceVersion()
	err := a.client.Delete(ctx, obj,
		client.Preconditions{UID: &uid, ResourceVersion: &state},
		client.PropagationPolicy(metav1.DeletePropagationForeground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting %s: %w", obj.GetName(), err)
	}
	return nil
}

// exists reads from the API server whether the object exists. The cache contains only
// objects with the operator's label, so a foreign object with the name is not in it. If
// the object has a different controller, the error is a *ConflictError.
func (a *Applier) exists(ctx context.Context, owner, desired client.Object) (bool, error) {
	gvk, err := a.client.GroupVersionKindFor(desired)
	if err != nil {
		return false, fmt.Errorf("finding the kind of %s: %w", desired.GetName(), err)
	}
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(gvk)
	err = a.live.Get(ctx, client.ObjectKeyFromObject(desired), found)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s %s: %w", gvk.Kind, desired.GetName(), err)
	}
	if !metav1.IsControlledBy(found, owner) {
		return false, &ConflictError{Kind: gvk.Kind, Namespace: found.Namespace, Name: found.Name}
	}
	return true, nil
}

func conflict(desired client.Object) error {
	return &ConflictError{Kind: desired.GetObjectKind().GroupVersionKind().Kind, Namespace: desired.GetNamespace(), Name: desired.GetName()}
}
