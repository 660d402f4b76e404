// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// Environment are the variables that the kubelet sets for a container, as NAME=VALUE. One whose
// value is not known here is an error: the process would not run as it is shipped.
func Environment(c *corev1.Container) ([]string, error) {
	var out []string
	for i := range c.Env {
		value, err := valueOf(&c.Env[i], &c.Resources)
		if err != nil {
			return nil, fmt.Errorf("reading the environment of container %s: %w", c.Name, err)
		}
		out = append(out, c.Env[i].Name+"="+value)
	}
	return out, nil
}

func valueOf(v *corev1.EnvVar, r *corev1.ResourceRequirements) (string, error) {
	switch from := v.ValueFrom; {
	case from == nil:
		return v.Value, nil
	case from.ResourceFieldRef != nil && from.ResourceFieldRef.Resource == "limits.memory" && !r.Limits.Memory().IsZero():
		return strconv.FormatInt(r.Limits.Memory().Value(), 10), nil
	default:
		return "", fmt.Errorf("%s has neither a literal value nor that of a memory limit", v.Name)
	}
}
