// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// ScriptsConfigMap renders the immutable ConfigMap of the scripts.
func ScriptsConfigMap(instance, namespace string) *corev1.ConfigMap {
	return components.FilesConfigMap(instance, namespace, ScriptsName(instance), scripts.Files)
}

// ScriptsName is the name of that ConfigMap. It has the hash of the scripts, so that an operator with different scripts creates
// another ConfigMap.
func ScriptsName(instance string) string { return instance + "-scripts-" + scripts.Hash }

// runs is the command of a container that runs a module of superset_job.jobs.
func runs(module string) []string {
	return []string{"python", superset.ScriptsDir + "/" + scripts.Program, module}
}
