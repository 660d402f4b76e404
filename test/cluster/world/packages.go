// SPDX-License-Identifier: Apache-2.0

package world

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// UnreachableIndex is part of the address of a package index that does not answer.
const UnreachableIndex = "unreachable"

// resolve adds to the result of a preflight what it resolves of packages, if it has to: the version
// that is asked for exactly, otherwise one that names the run, so that each run finds another one.
func resolve(pod *corev1.Pod, result Result) Result {
	for i := range pod.Spec.InitContainers {
		env := map[string]string{}
		for _, e := range pod.Spec.InitContainers[i].Env {
			env[e.Name] = e.Value
		}
		if env["SUPERSET_OPERATOR_RESOLVED"] == "" {
			continue
		}
		if url := env["SUPERSET_OPERATOR_INDEX_URL"]; strings.Contains(url, UnreachableIndex) {
			return result.fail("PackageIndexUnreachable", "spec.packages: the package index %s does not answer", url)
		}
		pins := []string{}
		for line := range strings.Lines(env["SUPERSET_OPERATOR_PACKAGES"]) {
			requirement, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			name, version, exact := strings.Cut(requirement, "==")
			if !exact {
				name, version = strings.TrimRight(strings.Split(requirement, ">")[0], "<"), "1."+pod.Labels["superset-operator.dev/fence"]
			}
			pins = append(pins, name+"=="+version)
		}
		result.Packages = &pins
	}
	return result
}
