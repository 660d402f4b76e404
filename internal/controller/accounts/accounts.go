// SPDX-License-Identifier: Apache-2.0

// Package accounts keeps the ServiceAccount that a Superset asks for. It follows spec at once
// and outlives it for as long as a stored release names it. Start with [Keep].
package accounts

import (
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/settings"
)

// Keep applies the account of a Superset; it does nothing without one of its own. cache is
// where it is read. The error is an *apply.ConflictError if the name is that of a foreign one.
func Keep(ctx context.Context, cache client.Reader, a *apply.Applier, s *v1alpha1.Superset) error {
	if !settings.MakesAccount(s) {
		return nil
	}
	live, err := read(ctx, cache, s)
	if err != nil {
		return err
	}
	var before client.Object
	if live != nil {
		before = live
	}
	_, err = a.Apply(ctx, s, render(s), before)
	var conflict *apply.ConflictError
	if errors.As(err, &conflict) {
		conflict.Problem = "is not controlled by this object: write its name into spec.serviceAccount.name to use it as it is"
	}
	return err
}

// Remove deletes the account that was made for a Superset, unless spec asks for it. No release
// that may run again may name it.
func Remove(ctx context.Context, cache client.Reader, a *apply.Applier, s *v1alpha1.Superset) error {
	if settings.MakesAccount(s) {
		return nil
	}
	live, err := read(ctx, cache, s)
	if err != nil || live == nil || !metav1.IsControlledBy(live, s) || live.DeletionTimestamp != nil {
		return err
	}
	return a.Delete(ctx, live)
}

// read reads the account of a Superset; nil if there is none.
func read(ctx context.Context, cache client.Reader, s *v1alpha1.Superset) (*corev1.ServiceAccount, error) {
	account := &corev1.ServiceAccount{}
	err := cache.Get(ctx, client.ObjectKeyFromObject(s), account)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // none is no error
	case err != nil:
		return nil, fmt.Errorf("reading ServiceAccount %s: %w", s.Name, err)
	default:
		return account, nil
	}
}

// render renders the account. Pods ask for no token of it, and neither do those that others
// run as it, unless they say so.
func render(s *v1alpha1.Superset) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: s.Namespace, Labels: components.Labels(s.Name),
			Annotations: maps.Clone(s.Spec.ServiceAccount.Annotations)},
		AutomountServiceAccountToken: new(bool),
	}
}
