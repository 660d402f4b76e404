// SPDX-License-Identifier: Apache-2.0

package components

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// supersetEnv is the environment that the generated superset_config.py reads. Secrets
// are references.
func supersetEnv(r v1alpha1.RuntimeSpec) []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: superset.EnvConfigPath, Value: superset.ConfigPath},
		{Name: superset.EnvHome, Value: superset.HomeDir},
		SecretEnv(superset.EnvSecretKey, r.SecretKeyFrom),
	}
	return append(env, connections.Runtime(r)...)
}

// SecretEnv is a variable whose value is a reference to a Secret key.
func SecretEnv(name string, ref v1alpha1.SecretKeyReference) corev1.EnvVar {
	return connections.Secret(name, ref)
}

// without removes the defaults that the user's variables override, because the API
// server rejects duplicate names.
func without(defaults, own []corev1.EnvVar) []corev1.EnvVar {
	var out []corev1.EnvVar
	for _, d := range defaults {
		if !slices.ContainsFunc(own, func(e corev1.EnvVar) bool { return e.Name == d.Name }) {
			out = append(out, d)
		}
	}
	return out
}
