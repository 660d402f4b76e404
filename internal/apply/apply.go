// SPDX-License-Identifier: Apache-2.0

// Package apply writes what should exist: server-side apply of a desired
// object, creation of one that is made once, and removal. It writes nothing
// that stands already, and never touches an object that somebody else controls.
package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// FieldOwner is the name under which the operator owns fields.
const FieldOwner = client.FieldOwner("superset-operator")

// ConflictError says that an object of a name that the operator needs belongs
// to somebody else.
type ConflictError struct{ Kind, Namespace, Name string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s %s/%s exists and is not controlled by this object; rename or remove it", e.Kind, e.Namespace, e.Name)
}

// Applier writes for one owner at a time.
type Applier struct {
	client client.Client
	// live reads past the cache: it is asked only before something is made that
	// the cache does not hold.
	live client.Reader
	// sent remembers the last write to an object: a cache that lags must not make
	// us write it again.
	sent *lru.Cache
}

// write is what was sent to an object: from which state of it, and whether that
// changed anything.
type write struct {
	hash, from string
	changed    bool
}

// New makes an Applier that writes by a client, and asks live what the client's
// cache does not hold.
func New(c client.Client, live client.Reader) Applier {
	return Applier{client: c, live: live, sent: lru.New(4096)}
}

// Apply makes an object what desired says, by server-side apply, with owner as
// its controller. live is the object as the cache has it, nil for none. Without
// a difference nothing is sent; changed tells whether the object is another one
// now, and then what live says is from before. A *ConflictError means that the
// object belongs to somebody else and was left alone.
func (a *Applier) Apply(ctx context.Context, owner, desired, live client.Object) (changed bool, err error) {
	if err := controllerutil.SetControllerReference(owner, desired, a.client.Scheme()); err != nil {
		return false, fmt.Errorf("owning %s: %w", desired.GetName(), err)
	}
	u, err := applyConfiguration(desired)
	if err != nil {
		return false, err
	}
	if live != nil {
		return a.change(ctx, owner, u, live)
	}
	if there, err := a.there(ctx, owner, desired); err != nil || there {
		return there, err // the cache will show it, and then it is compared
	}
	u.SetResourceVersion(noState) // it is made, or there is one by now
	return true, a.send(ctx, u)
}

// noState is a resource version that no object ever has: an apply that names it
// makes an object, or is a conflict. One that names none would change an object
// that was made meanwhile: an operator that was paused just before it made a
// Deployment put it back to what it was to be at first.
const noState = "1"

// change applies to an object that the cache has seen, if there is a difference.
// A write that the cache has yet to see is not sent again; nor is one that
// changed nothing: somebody else's item in a list of ours (a variable that a
// tool adds to a container, say) is a difference that no apply of ours removes.
// What was decided from another state than the stored one is a conflict: an
// operator that lags, or that is no longer the leader, must not bring the past
// back.
func (a *Applier) change(ctx context.Context, owner client.Object, u *unstructured.Unstructured, live client.Object) (changed bool, err error) {
	if !metav1.IsControlledBy(live, owner) {
		return false, conflict(u)
	}
	if same, err := stands(u, live); err != nil || same {
		return false, err
	}
	hash, from := u.GetAnnotations()[v1alpha1.AnnotationApplied], live.GetResourceVersion()
	if last, ok := a.sent.Get(live.GetUID()); ok && last.(write).hash == hash && last.(write).from == from {
		return last.(write).changed, nil
	}
	u.SetUID(live.GetUID()) // an object made anew meanwhile is another one
	u.SetResourceVersion(from)
	if err := a.send(ctx, u); err != nil {
		return false, err
	}
	changed = u.GetResourceVersion() != from
	a.sent.Add(live.GetUID(), write{hash, from, changed})
	return changed, nil
}

func (a *Applier) send(ctx context.Context, u *unstructured.Unstructured) error {
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), FieldOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", u.GetKind(), u.GetName(), err)
	}
	return nil
}

// Create makes an object that is made once and never changed. It is no error
// when it stands already under the same owner; under another it is a
// *ConflictError.
func (a *Applier) Create(ctx context.Context, owner, desired client.Object) error {
	if err := controllerutil.SetControllerReference(owner, desired, a.client.Scheme()); err != nil {
		return fmt.Errorf("owning %s: %w", desired.GetName(), err)
	}
	err := a.client.Create(ctx, desired, FieldOwner)
	if apierrors.IsAlreadyExists(err) {
		_, err := a.there(ctx, owner, desired)
		return err
	}
	if err != nil {
		return fmt.Errorf("creating %s: %w", desired.GetName(), err)
	}
	return nil
}

// Delete removes exactly the object that was seen, as it was seen, and its
// dependents before it: the API server's default for Jobs would leave their pods
// running. One that is gone is no error; one that has changed since is a conflict.
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

// there asks the API server itself whether the object exists: the cache holds
// only what carries our label, so a foreign object of the name would be invisible
// in it. One that somebody else controls is a *ConflictError.
func (a *Applier) there(ctx context.Context, owner, desired client.Object) (bool, error) {
	gvk, err := a.client.GroupVersionKindFor(desired)
	if err != nil {
		return false, fmt.Errorf("naming the kind of %s: %w", desired.GetName(), err)
	}
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(gvk)
	err = a.live.Get(ctx, client.ObjectKeyFromObject(desired), found)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s %s: %w", gvk.Kind, desired.GetName(), err)
	}
	if !metav1.IsControlledBy(found, owner) {
		return false, &ConflictError{Kind: gvk.Kind, Namespace: found.Namespace, Name: found.Name}
	}
	return true, nil
}

// applyConfiguration is what is sent: no status, no server-side metadata, and
// the hash of itself.
func applyConfiguration(obj client.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return nil, fmt.Errorf("converting %s: %w", obj.GetName(), err)
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	raw, err := json.Marshal(u.Object)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", obj.GetName(), err)
	}
	sum := sha256.Sum256(raw)
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationApplied] = hex.EncodeToString(sum[:8])
	u.SetAnnotations(annotations)
	return u, nil
}

// stands is true when live was made from this very configuration, and nobody
// has changed a field of it since.
func stands(u *unstructured.Unstructured, live client.Object) (bool, error) {
	if live.GetAnnotations()[v1alpha1.AnnotationApplied] != u.GetAnnotations()[v1alpha1.AnnotationApplied] {
		return false, nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil {
		return false, fmt.Errorf("converting %s: %w", live.GetName(), err)
	}
	want := u.DeepCopy().Object
	delete(want, "apiVersion") // a typed object from the cache has neither
	delete(want, "kind")
	return contains(content, want), nil
}

// contains is true when every field of want has the same value in have. What
// the API server filled in beside them is not looked at.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		return containsFields(have, want)
	case []any:
		return containsItems(have, want)
	default:
		return have == want
	}
}

func containsFields(have any, want map[string]any) bool {
	fields, ok := have.(map[string]any)
	if !ok {
		return len(want) == 0 && have == nil
	}
	for k, v := range want {
		if !contains(fields[k], v) {
			return false
		}
	}
	return true
}

func containsItems(have any, want []any) bool {
	items, ok := have.([]any)
	return ok && slices.EqualFunc(items, want, contains)
}

func conflict(u *unstructured.Unstructured) error {
	return &ConflictError{Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
}
