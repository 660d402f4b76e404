// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// The pod of a rehearsal has a scratch database as a sidecar, and runs five containers one
// after the other. Only prepare, with the target release's image, gets the URI of the metadata
// database. Only copy gets the connection files that prepare writes, to dump from it. upgrade
// migrates and downgrades the copy with the target release's image, serve tests the current
// release on it, and the main container reports.
const (
	scratchContainer = "scratch"
	copyContainer    = "copy"
	upgradeContainer = "upgrade"
	serveContainer   = "serve"
	scratchVolume    = "scratch"
)

// scratchSize is the disk space that the copy may use, by default 10Gi.
func scratchSize(spec v1alpha1.RehearsalJobSpec) resource.Quantity {
	if spec.Size != nil {
		return *spec.Size
	}
	return resource.MustParse("10Gi")
}

// rehearsalEnv is the environment of every container of a rehearsal.
func rehearsalEnv(spec v1alpha1.RehearsalJobSpec) []corev1.EnvVar {
	var env envList
	env.set(superset.EnvSharedDir, superset.SharedDir)
	env.set(superset.EnvScratchDir, superset.ScratchDir)
	excluded := spec.ExcludeData
	if excluded == nil {
		excluded = []string{"logs"}
	}
	env.set(superset.EnvExcludeData, strings.Join(excluded, ","))
	if spec.ScratchURIFrom != nil {
		return env
	}
	// The kubelet evicts a pod that exceeds the size, and then there is no result. The script
	// stops at nine tenths of it, because it checks only from time to time.
	size := scratchSize(spec)
	env.set(superset.EnvScratchBytes, strconv.FormatInt(size.Value()/10*9, 10))
	return env
}

// addRehearsal adds the init containers of a rehearsal. They are derived from the main
// container after the user's patch. If the patch removed the main container, nothing is added.
func addRehearsal(pod *corev1.PodSpec, owner *v1alpha1.Superset, o Order) error {
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == components.MainContainer })
	if at < 0 {
		return nil
	}
	spec, main := owner.Spec.Upgrade.RehearsalJob, &pod.Containers[at]
	addRehearsalVolumes(pod, main, spec)
	env := rehearsalEnv(spec)
	main.Env = append(main.Env, env...)
	prepare := withScript(main, prepareContainer, "prepare")
	if spec.ScratchURIFrom != nil {
		prepare.Env = append(prepare.Env, components.SecretEnv(superset.EnvScratchURI, *spec.ScratchURIFrom))
	} else {
		pod.InitContainers = append(pod.InitContainers, scratchServer(main, spec, env))
	}
	copier := inDatabaseImage(main, copyContainer, spec, env)
	connections.Isolate(main)
	serve, err := currentRelease(pod, owner, o, env)
	if err != nil {
		return err
	}
	components.Limit(&serve, main.Resources.Limits) // the current release may be older than the quota
	pod.InitContainers = append(pod.InitContainers, prepare, copier, withScript(main, upgradeContainer, "rehearse_upgrade"), serve)
	return nil
}

func addRehearsalVolumes(pod *corev1.PodSpec, main *corev1.Container, spec v1alpha1.RehearsalJobSpec) {
	memory, disk := resource.MustParse("16Mi"), scratchSize(spec)
	pod.Volumes = append(pod.Volumes,
		corev1.Volume{Name: sharedVolume, VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: &memory}}},
		corev1.Volume{Name: scratchVolume, VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: &disk}}})
	main.VolumeMounts = append(main.VolumeMounts,
		corev1.VolumeMount{Name: sharedVolume, MountPath: superset.SharedDir},
		corev1.VolumeMount{Name: scratchVolume, MountPath: superset.ScratchDir})
}

// withScript is a copy of a container with another name and script.
func withScript(like *corev1.Container, name, script string) corev1.Container {
	c := *like.DeepCopy()
	c.Name = name
	c.Command = runs(script)
	return c
}

// inDatabaseImage is the container that copies. It has the mounts of the main container but
// not its environment.
func inDatabaseImage(main *corev1.Container, name string, spec v1alpha1.RehearsalJobSpec, env []corev1.EnvVar) corev1.Container {
	c := *main.DeepCopy()
	c.Name, c.Image, c.ImagePullPolicy = name, cmp.Or(spec.Image, postgresClient), ""
	c.Command = []string{"sh", superset.ScriptsDir + "/copy.sh"}
	c.Args, c.EnvFrom, c.Env = nil, nil, slices.Clone(env)
	c.Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}}
	components.Limit(&c, main.Resources.Limits)
	return c
}

// scratchServer is the sidecar with the scratch database.
func scratchServer(main *corev1.Container, spec v1alpha1.RehearsalJobSpec, env []corev1.EnvVar) corev1.Container {
	c := inDatabaseImage(main, scratchContainer, spec, env)
	always := corev1.ContainerRestartPolicyAlways
	c.RestartPolicy = &always
	c.Command = []string{"sh", superset.ScriptsDir + "/scratch.sh"}
	if _, ok := c.Resources.Limits[corev1.ResourceMemory]; !ok {
		components.Limit(&c, corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")})
	}
	return c
}

// currentRelease is the container that serves with the current release: with the image,
// configuration and secret key of that release's Jobs.
func currentRelease(pod *corev1.PodSpec, owner *v1alpha1.Superset, o Order, env []corev1.EnvVar) (corev1.Container, error) {
	own := o
	own.Release, own.Script, own.AsUser, own.Queries, own.WebReady = cmp.Or(o.Current, o.Release), migrations.Preflight, false, false, false
	template, err := jobTemplate(owner, own, map[string]string{})
	if err != nil {
		return corev1.Container{}, fmt.Errorf("podTemplate of the current release: %w", err)
	}
	at := slices.IndexFunc(template.Spec.Containers, func(c corev1.Container) bool { return c.Name == components.MainContainer })
	if at < 0 {
		return corev1.Container{}, fmt.Errorf("podTemplate of the current release: no container %s", components.MainContainer)
	}
	c := withScript(&template.Spec.Containers[at], serveContainer, "rehearse_serve")
	installers := packages.Rename(&template.Spec, &c, "-now")
	addVolumes(pod, &c, template.Spec.Volumes)
	for i := range installers {
		addVolumes(pod, &installers[i], template.Spec.Volumes)
	}
	pod.InitContainers = append(pod.InitContainers, installers...)
	for _, secret := range template.Spec.ImagePullSecrets {
		if !slices.Contains(pod.ImagePullSecrets, secret) {
			pod.ImagePullSecrets = append(pod.ImagePullSecrets, secret)
		}
	}
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: sharedVolume, MountPath: superset.SharedDir},
		corev1.VolumeMount{Name: scratchVolume, MountPath: superset.ScratchDir})
	c.Env = append(c.Env, env...)
	connections.Isolate(&c)
	return c, nil
}

// addVolumes adds a container's volumes to a pod. A volume is renamed if the pod has one of the
// same name with a different source.
func addVolumes(pod *corev1.PodSpec, c *corev1.Container, volumes []corev1.Volume) {
	for _, v := range volumes {
		name := v.Name
		if slices.ContainsFunc(pod.Volumes, func(p corev1.Volume) bool { return p.Name == name && !sameSource(p, v) }) {
			name += "-now"
		}
		for i := range c.VolumeMounts {
			if c.VolumeMounts[i].Name == v.Name {
				c.VolumeMounts[i].Name = name
			}
		}
		if !slices.ContainsFunc(pod.Volumes, func(p corev1.Volume) bool { return p.Name == name }) {
			v.Name = name
			pod.Volumes = append(pod.Volumes, v)
		}
	}
}

func sameSource(a, b corev1.Volume) bool {
	return equality.Semantic.DeepEqual(a.VolumeSource, b.VolumeSource)
}
