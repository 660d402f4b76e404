// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Nowhere is the URL of a Redis that does not answer.
const Nowhere = "redis://127.0.0.1:9/0"

// Isolate removes from a container how it reaches the metadata database, Redis and the broker. An
// empty variable hides one of the same name that envFrom may bring. The configuration reads the
// URLs of Redis and the broker, so they lead nowhere.
func Isolate(c *corev1.Container) {
	var env []corev1.EnvVar
	for _, e := range c.Env {
		switch {
		case slices.Contains([]string{superset.EnvCacheURL, superset.EnvBrokerURL, superset.EnvResultBackendURL}, e.Name):
			env = append(env, corev1.EnvVar{Name: e.Name, Value: Nowhere})
		case e.Name != superset.EnvDatabaseURI && !Reserved(e.Name) && !strings.HasPrefix(e.Name, superset.ApplicationPrefix):
			env = append(env, e)
		}
	}
	if len(c.EnvFrom) > 0 {
		env = append(env, corev1.EnvVar{Name: superset.EnvDatabaseURI})
	}
	c.Env = env
	c.VolumeMounts = slices.DeleteFunc(slices.Clone(c.VolumeMounts), func(m corev1.VolumeMount) bool {
		return slices.Contains([]string{databaseDir, applicationDir, cacheDir}, m.MountPath)
	})
}
