// SPDX-License-Identifier: Apache-2.0

// Package copies reads what a config copies from the ConfigMaps of users.
package copies

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/internal/settings"
)

// Read reads references from a namespace. The files are by the name of the copy; nil for no
// reference. missing names the first ConfigMap or key that does not exist, and what to do. The
// reader must not be a cache: the operator caches only what it made.
func Read(ctx context.Context, reader client.Reader, namespace string, references []settings.Reference) (files map[string]string, missing string, err error) {
	objects := map[string]*corev1.ConfigMap{}
	for _, ref := range references {
		cm := objects[ref.Name]
		if cm == nil {
			cm = &corev1.ConfigMap{}
			err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, cm)
			if apierrors.IsNotFound(err) {
				return nil, fmt.Sprintf("%s: ConfigMap %s does not exist: create it, or name another one", ref.Path, ref.Name), nil
			}
			if err != nil {
				return nil, "", fmt.Errorf("reading ConfigMap %s for %s: %w", ref.Name, ref.Path, err)
			}
			objects[ref.Name] = cm
		}
		text, ok := cm.Data[ref.Key]
		if _, binary := cm.BinaryData[ref.Key]; binary {
			return nil, fmt.Sprintf("%s: key %s of ConfigMap %s is not text: put it into data instead of binaryData, or mount the ConfigMap by podTemplate", ref.Path, ref.Key, ref.Name), nil
		}
		if !ok {
			return nil, fmt.Sprintf("%s: ConfigMap %s has no key %s: add it, or name another one", ref.Path, ref.Name, ref.Key), nil
		}
		if files == nil {
			files = map[string]string{}
		}
		files[ref.File] = text
	}
	return files, "", nil
}
