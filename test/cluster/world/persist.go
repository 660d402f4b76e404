// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const memory = "world"

// load reads the state of an earlier world.
func (w *World) load(ctx context.Context) error {
	if !w.options.Persist {
		return nil
	}
	kept, err := w.client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Get(ctx, memory, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading the revisions of databases: %w", err)
	}
	return w.databases.recall(kept.Data)
}

// save stores revisions and backups for the next world.
func (w *World) save(ctx context.Context) error {
	if !w.options.Persist {
		return nil
	}
	w.saving.Lock()
	defer w.saving.Unlock()
	maps := w.client.CoreV1().ConfigMaps(metav1.NamespaceSystem)
	kept := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: memory}, Data: w.databases.remember()}
	_, err := maps.Update(ctx, kept, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = maps.Create(ctx, kept, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("keeping the revisions of databases: %w", err)
	}
	return nil
}
