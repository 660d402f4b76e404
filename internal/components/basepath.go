// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// basePathMajor is the first major version of Superset that can serve below a path.
const basePathMajor = 6

// basePathOf is the path of spec; empty without a web tier.
func basePathOf(spec *v1alpha1.SupersetSpec) string {
	if spec.Web == nil {
		return ""
	}
	return spec.Web.BasePath
}

// checkBasePath returns an error that names the field if the version cannot serve below a path.
func checkBasePath(field, path, version string) error {
	if path == "" || servesBelowPath(version) {
		return nil
	}
	return fmt.Errorf("%s: Superset %s serves at / alone, only 6.0.0 and newer serve below a path: remove it, or set it together with such a version", field, version)
}

func servesBelowPath(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(major)
	return err == nil && number >= basePathMajor
}

// basePathEnv is the variable of a path, for every tier: the workers write links into reports.
func basePathEnv(path string) []corev1.EnvVar {
	if path == "" {
		return nil
	}
	return []corev1.EnvVar{{Name: superset.EnvAppRoot, Value: path}}
}

// servedPath is the path at which Superset serves in a container; empty for /. A variable that
// the user wrote counts as well, unless its value is a reference.
func servedPath(main *corev1.Container, version string) string {
	if !servesBelowPath(version) {
		return ""
	}
	return strings.TrimRight(literal(main, superset.EnvAppRoot), "/")
}

// ServedPath is the path at which the web tier of the release serves; empty for /, and without
// that tier.
func (r *Release) ServedPath(owner *v1alpha1.Superset) string {
	c := r.Component(Web, owner)
	if c == nil {
		return ""
	}
	template, err := tierTemplate(web, c, Platform{})
	if main := mainOf(&template.Spec); err == nil && main != nil {
		return servedPath(main, r.Runtime.Version)
	}
	return r.BasePath
}

// fitProbes puts the health check below the path at which Superset serves. A probe with another
// path is the user's.
func fitProbes(main *corev1.Container, path string) {
	for _, probe := range []**corev1.Probe{&main.StartupProbe, &main.ReadinessProbe, &main.LivenessProbe} {
		if p := *probe; path != "" && p != nil && p.HTTPGet != nil && p.HTTPGet.Path == healthPath {
			*probe = p.DeepCopy() // that of the catalog is shared
			(*probe).HTTPGet.Path = path + healthPath
		}
	}
}

// mainOf is the container that runs Superset; nil if the user's patch has removed it.
func mainOf(pod *corev1.PodSpec) *corev1.Container {
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == MainContainer })
	if at < 0 {
		return nil
	}
	return &pod.Containers[at]
}

// literal is the value of a variable of a container; empty if it has none or is a reference.
func literal(main *corev1.Container, name string) string {
	at := slices.IndexFunc(main.Env, func(e corev1.EnvVar) bool { return e.Name == name })
	if at < 0 {
		return ""
	}
	return main.Env[at].Value
}
