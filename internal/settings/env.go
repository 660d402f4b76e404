// SPDX-License-Identifier: Apache-2.0

package settings

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Env converts the variables of a spec to those of a container.
func Env(vars v1alpha1.EnvVars) []corev1.EnvVar {
	var env []corev1.EnvVar
	for _, v := range vars {
		env = append(env, corev1.EnvVar{Name: v.Name, Value: v.Value, ValueFrom: source(v.ValueFrom)})
	}
	return env
}

func source(from *v1alpha1.EnvVarSource) *corev1.EnvVarSource {
	if from == nil {
		return nil
	}
	out := &corev1.EnvVarSource{}
	if s := from.SecretKeyRef; s != nil {
		out.SecretKeyRef = &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: s.Name}, Key: s.Key, Optional: s.Optional}
	}
	if c := from.ConfigMapKeyRef; c != nil {
		out.ConfigMapKeyRef = &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: c.Name}, Key: c.Key, Optional: c.Optional}
	}
	if f := from.FieldRef; f != nil {
		out.FieldRef = &corev1.ObjectFieldSelector{FieldPath: f.FieldPath}
	}
	return out
}

// EnvFrom converts the sources of variables of a spec to those of a container.
func EnvFrom(sources v1alpha1.EnvFromSources) []corev1.EnvFromSource {
	var out []corev1.EnvFromSource
	for _, s := range sources {
		from := corev1.EnvFromSource{Prefix: s.Prefix}
		if r := s.SecretRef; r != nil {
			from.SecretRef = &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: r.Name}, Optional: r.Optional}
		}
		if r := s.ConfigMapRef; r != nil {
			from.ConfigMapRef = &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: r.Name}, Optional: r.Optional}
		}
		out = append(out, from)
	}
	return out
}
