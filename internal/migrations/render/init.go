// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// importsDir is where the files of spec.init.importFrom are mounted, named by their numbers from 0.
const importsDir = "/etc/superset-operator/init"

// initWanted is spec.init for the script, with its defaults; see Wanted in superset_job/init.
type initWanted struct {
	Roles        v1alpha1.RolesPolicy  `json:"roles,omitempty"`
	AdminUser    *initUser             `json:"adminUser,omitempty"`
	LoadExamples bool                  `json:"loadExamples,omitempty"`
	Imports      []v1alpha1.ImportKind `json:"imports,omitempty"`
	Folder       string                `json:"folder,omitempty"`
	Script       string                `json:"script,omitempty"`
}

type initUser struct {
	Username  string `json:"username"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
}

// init adds spec.init. The names of the user are those that the Helm chart has by default.
func (l *envList) init(o Order) {
	spec := o.Release.Init
	if spec == nil {
		return
	}
	w := initWanted{Roles: cmp.Or(spec.Roles, v1alpha1.RolesSync), LoadExamples: spec.LoadExamples, Script: spec.Script}
	for _, source := range spec.ImportFrom {
		w.Imports, w.Folder = append(w.Imports, source.Kind), importsDir
	}
	if u := spec.AdminUser; u != nil {
		w.AdminUser = &initUser{
			Username: cmp.Or(u.Username, "admin"), FirstName: cmp.Or(u.FirstName, "Superset"),
			LastName: cmp.Or(u.LastName, "Admin"), Email: cmp.Or(u.Email, "admin@superset.com"),
		}
		*l = append(*l, components.SecretEnv(superset.EnvAdminPassword, u.PasswordFrom))
	}
	l.set(superset.EnvInit, plainJSON(w))
}

// mountImports mounts the files that migrate imports. Preflight has them, too: a pod waits for a
// Secret or a ConfigMap that is missing, and there nothing has stopped yet.
func mountImports(pod *corev1.PodSpec, o Order) {
	if o.Release.Init == nil || o.Script != migrations.Preflight && o.Script != migrations.Migrate {
		return
	}
	var sources []corev1.VolumeProjection
	for i, from := range o.Release.Init.ImportFrom {
		sources = append(sources, projection(from.KeySource, strconv.Itoa(i)))
	}
	if sources == nil {
		return
	}
	main := &pod.Containers[0]
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: "init", VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: sources}}})
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: "init", MountPath: importsDir, ReadOnly: true})
}

// projection is a key as a file of a projected volume.
func projection(from v1alpha1.KeySource, path string) corev1.VolumeProjection {
	if ref := from.ConfigMapKeyRef; ref != nil {
		return corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Items: []corev1.KeyToPath{{Key: ref.Key, Path: path}}}}
	}
	ref := from.SecretKeyRef
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Items: []corev1.KeyToPath{{Key: ref.Key, Path: path}}}}
}
