// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
)

// ScriptsConfigMap renders the immutable ConfigMap of the scripts.
func ScriptsConfigMap(instance, namespace string) *corev1.ConfigMap {
	immutable := true
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: scriptsName(instance), Namespace: namespace, Labels: components.Labels(instance)},
		Immutable:  &immutable,
		Data:       scripts.Files,
	}
}

// scriptsName has the hash of the scripts, so that an operator with different scripts creates
// another ConfigMap.
func scriptsName(instance string) string { return instance + "-scripts-" + scripts.Hash }
