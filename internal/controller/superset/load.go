// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
)

// missingError reports that the ControllerRevision of a release does not exist, or why it
// cannot be read.
type missingError struct{ namespace, name, why string }

func (e *missingError) Error() string {
	return fmt.Sprintf("ControllerRevision %s/%s %s", e.namespace, e.name, cmp.Or(e.why, "does not exist"))
}

// rejected is true for an error that needs manual intervention, a missing release included:
// see apply.Rejected.
func rejected(err error) (reason, message string, is bool) {
	var missing *missingError
	if errors.As(err, &missing) {
		return v1alpha1.ReasonReleaseMissing, err.Error(), true
	}
	return apply.Rejected(err)
}

// load reads a release: the desired one, or a stored one. The error is a *missingError if
// it is not stored or cannot be read, and a *apply.ConflictError if its ControllerRevision has
// a different controller.
func (r *Reconciler) load(ctx context.Context, s *v1alpha1.Superset, w *observed, hash string) (*components.Release, error) {
	if w.desired != nil && hash == w.Desired.Hash {
		return w.desired, nil
	}
	key := string(s.UID) + "/" + hash // the pins of a release are no part of its hash
	if kept, ok := r.releases.Get(key); ok {
		return kept.(*components.Release), nil
	}
	var revision appsv1.ControllerRevision
	name := components.ReleaseName(s.Name, hash)
	err := r.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, &revision)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &missingError{namespace: s.Namespace, name: name}
	case err != nil:
		return nil, fmt.Errorf("reading release %s: %w", hash, err)
	case !metav1.IsControlledBy(&revision, s):
		return nil, &apply.ConflictError{Kind: "ControllerRevision", Namespace: s.Namespace, Name: name}
	}
	release, err := components.LoadRelease(hash, revision.Data.Raw)
	if err != nil {
		return nil, &missingError{s.Namespace, name, "cannot be used: " + err.Error()}
	}
	r.releases.Add(key, release)
	return release, nil
}

// configOf is the ConfigMap with the config of a release.
func configOf(s *v1alpha1.Superset, release *components.Release) *corev1.ConfigMap {
	return components.ConfigMap(s.Name, s.Namespace, release.ConfigMap, release.Config, release.Files)
}
