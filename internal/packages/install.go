// SPDX-License-Identifier: Apache-2.0

package packages

import (
	_ "embed"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/settings"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Program is the Python of the init container.
//
//go:embed packages.py
var Program string

const (
	// Container is the name of the init container.
	Container = "packages"
	// Volume is the name of the folder that it fills.
	Volume = "python-packages"

	indexVolume = "packages-index"
	indexDir    = "/etc/superset-operator/packages-index"
	// pythonPath is what the official images set.
	pythonPath = "/app/pythonpath"
)

// Set is what a pod installs.
type Set struct {
	// Lines are pins with their hashes, or requirements if Resolve is true. Without any nothing is
	// installed.
	Lines []string
	// Resolve makes the init container find out the pins, and leave them in superset.ResolvedFile
	// for the main container.
	Resolve bool
	// Index is where they come from; nil for the default of the image.
	Index *v1alpha1.PackagesIndexSpec
	// Env are the variables of the user, such as those of a proxy.
	Env v1alpha1.EnvVars
}

// Texts are pins or requirements as texts.
func Texts[T ~string](some []T) []string {
	out := make([]string, 0, len(some))
	for _, line := range some {
		out = append(out, string(line))
	}
	return out
}

// AddFiles adds the program to the files next to superset_config.py, if packages are used. files may
// be nil.
func AddFiles(files map[string]string, used bool) map[string]string {
	if !used {
		return files
	}
	if files == nil {
		files = map[string]string{}
	}
	files[superset.PackagesFile] = Program
	return files
}

// Install adds a set to a pod that is otherwise complete: the init container, which is like the
// container of that name without its secrets, and the folder in the PYTHONPATH of that container. The
// pod is left alone if it has no such container, or the set is empty.
func Install(pod *corev1.PodSpec, name string, s Set) {
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == name })
	if at < 0 || len(s.Lines) == 0 {
		return
	}
	main := &pod.Containers[at]
	installer := installerOf(main, s)
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: Volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if s.Index != nil && s.Index.CAFrom != nil {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: indexVolume, VolumeSource: corev1.VolumeSource{
			Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{connections.CA(s.Index.CAFrom)}}}})
		installer.VolumeMounts = append(installer.VolumeMounts, corev1.VolumeMount{Name: indexVolume, MountPath: indexDir, ReadOnly: true})
	}
	pod.InitContainers = append(pod.InitContainers, installer)
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: Volume, MountPath: superset.PackagesDir, ReadOnly: true})
	main.Env = withPath(main.Env)
	if s.Resolve {
		main.Env = append(main.Env, corev1.EnvVar{Name: superset.EnvResolved, Value: superset.ResolvedFile})
	}
}

// Rename gives what Install has added to a pod other names with the suffix, and returns the init
// container, if there is one: the container that it is for goes into another pod, which may have
// packages of its own.
func Rename(pod *corev1.PodSpec, c *corev1.Container, suffix string) (installers []corev1.Container) {
	for _, some := range pod.InitContainers {
		if some.Name == Container {
			installers = append(installers, *some.DeepCopy())
			installers[0].Name += suffix
			renameMount(installers[0].VolumeMounts, suffix)
		}
	}
	renameMount(c.VolumeMounts, suffix)
	for i := range pod.Volumes {
		if pod.Volumes[i].Name == Volume {
			pod.Volumes[i].Name += suffix
		}
	}
	return installers
}

func renameMount(mounts []corev1.VolumeMount, suffix string) {
	for i := range mounts {
		if mounts[i].Name == Volume {
			mounts[i].Name += suffix
		}
	}
}

func installerOf(main *corev1.Container, s Set) corev1.Container {
	c := corev1.Container{
		Name: Container, Image: main.Image, ImagePullPolicy: main.ImagePullPolicy,
		Command:   []string{"python", superset.ConfigDir + "/" + superset.PackagesFile},
		Resources: *main.Resources.DeepCopy(), SecurityContext: main.SecurityContext.DeepCopy(),
		VolumeMounts: append(slices.Clone(main.VolumeMounts), corev1.VolumeMount{Name: Volume, MountPath: superset.PackagesDir}),
	}
	own := []corev1.EnvVar{
		{Name: superset.EnvPackages, Value: strings.Join(s.Lines, "\n")},
		{Name: superset.EnvPackagesDir, Value: superset.PackagesDir},
	}
	if s.Resolve {
		own = append(own, corev1.EnvVar{Name: superset.EnvResolved, Value: superset.ResolvedFile})
	}
	c.Env = append(settings.Env(s.Env), append(own, indexEnv(s.Index)...)...)
	return c
}

// indexEnv are the variables of an index.
func indexEnv(index *v1alpha1.PackagesIndexSpec) (out []corev1.EnvVar) {
	if index == nil {
		return nil
	}
	if index.URL != "" {
		out = append(out, corev1.EnvVar{Name: superset.EnvIndexURL, Value: strings.ReplaceAll(index.URL, "$", "$$")})
	}
	if index.AuthFrom != nil {
		out = append(out,
			connections.Secret(superset.EnvIndexUsername, v1alpha1.SecretKeyReference{Name: index.AuthFrom.Name, Key: "username"}),
			connections.Secret(superset.EnvIndexPassword, v1alpha1.SecretKeyReference{Name: index.AuthFrom.Name, Key: "password"}))
	}
	if index.CAFrom != nil {
		out = append(out, corev1.EnvVar{Name: superset.EnvIndexCA, Value: indexDir + connections.CAFile})
	}
	return out
}

// withPath adds the folder to the end of the PYTHONPATH, which the user may have set.
func withPath(env []corev1.EnvVar) []corev1.EnvVar {
	const own = "SUPERSET_OPERATOR_PYTHONPATH"
	path := corev1.EnvVar{Name: "PYTHONPATH", Value: pythonPath + ":" + superset.PackagesDir}
	out := slices.Clone(env)
	for i := range out {
		if out[i].Name == path.Name {
			out[i].Name, path.Value = own, "$("+own+"):"+superset.PackagesDir
		}
	}
	return append(out, path)
}
