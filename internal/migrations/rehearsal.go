// SPDX-License-Identifier: Apache-2.0

package migrations

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
	"github.com/superset-operator/superset-operator/internal/superset"
)

// A rehearsal has a throw-away database beside it and five containers in turn. The
// first one alone, in the target's image, is given the URI of the database, and the
// second alone what it makes of it, to copy from. The target's image migrates the copy
// and takes it back, the image that runs now serves on it, and the last one reports.
const (
	scratchContainer = "scratch"
	copyContainer    = "copy"
	upgradeContainer = "upgrade"
	serveContainer   = "serve"
	scratchVolume    = "scratch"
)

// nowhere is a cache that does not answer: a rehearsal has none, but configuration
// reads the variable.
const nowhere = "redis://127.0.0.1:9/0"

// Rehearsal is what was found on a copy of the database.
type Rehearsal struct {
	// Downgrade is Proven when schema and rows were taken back to what they were, else
	// Refused with the error or the first difference, in at most 320 characters.
	Downgrade       v1alpha1.Finding `json:"downgrade"`
	DowngradeReason string           `json:"downgradeReason,omitempty"`
	// Rolling is Proven when the older release answered on the migrated copy, else
	// Refused with the first answer that was an error, in at most 320 characters.
	Rolling       v1alpha1.Finding `json:"rolling"`
	RollingReason string           `json:"rollingReason,omitempty"`
	// MigrateSeconds is how long the migration took, LockSeconds how long it kept
	// everybody from the LockTables tables that were there before.
	MigrateSeconds float64 `json:"migrateSeconds"`
	LockSeconds    float64 `json:"lockSeconds"`
	LockTables     int32   `json:"lockTables"`
	// CopySeconds is how long the copy took, Bytes what it takes.
	CopySeconds float64 `json:"copySeconds"`
	Bytes       int64   `json:"bytes"`
	// Calls were asked of the older release, CallsFailed answered with 500 or more.
	Calls       int32 `json:"calls"`
	CallsFailed int32 `json:"callsFailed"`
	// Excluded are the tables whose rows were not copied, at most 32.
	Excluded []string `json:"excluded,omitempty"`
}

const (
	maxFinding  = 320
	maxExcluded = 32
	maxSeconds  = 1e7
)

// bound cuts what is too long, and takes a finding that it does not know for a refusal.
func (r *Rehearsal) bound() {
	for _, finding := range []*v1alpha1.Finding{&r.Downgrade, &r.Rolling} {
		if *finding != v1alpha1.FindingProven {
			*finding = v1alpha1.FindingRefused
		}
	}
	r.DowngradeReason, r.RollingReason = cut(r.DowngradeReason, maxFinding), cut(r.RollingReason, maxFinding)
	for _, seconds := range []*float64{&r.MigrateSeconds, &r.LockSeconds, &r.CopySeconds} {
		*seconds = min(max(*seconds, 0), maxSeconds)
	}
	r.Bytes = max(r.Bytes, 0)
	for _, count := range []*int32{&r.LockTables, &r.Calls, &r.CallsFailed} {
		*count = max(*count, 0)
	}
	r.Excluded = r.Excluded[:min(len(r.Excluded), maxExcluded)]
	for i, name := range r.Excluded {
		r.Excluded[i] = cut(name, maxRevision)
	}
}

// scratchSize is how much of the node's disk the copy may take.
func scratchSize(spec v1alpha1.RehearsalJobSpec) resource.Quantity {
	if spec.Size != nil {
		return *spec.Size
	}
	return resource.MustParse("10Gi")
}

// rehearsalEnv is what every container of a rehearsal is told.
func rehearsalEnv(spec v1alpha1.RehearsalJobSpec) []corev1.EnvVar {
	var env told
	env.say(superset.EnvSharedDir, superset.SharedDir)
	env.say(superset.EnvScratchDir, superset.ScratchDir)
	excluded := spec.ExcludeData
	if excluded == nil {
		excluded = []string{"logs"}
	}
	env.say(superset.EnvExcludeData, strings.Join(excluded, ","))
	if spec.ScratchURIFrom != nil {
		return env
	}
	// The kubelet ends a pod that takes more than its size, without a word: a tenth is
	// kept for the time until the script sees it.
	size := scratchSize(spec)
	env.say(superset.EnvScratchBytes, strconv.FormatInt(size.Value()/10*9, 10))
	return env
}

// addRehearsal puts the containers before the one that reports, as a user's patch has
// made that. A patch that has removed it gets the Job that it asks for.
func addRehearsal(pod *corev1.PodSpec, owner *v1alpha1.Superset, o Order) error {
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == components.MainContainer })
	if at < 0 {
		return nil
	}
	spec, main := owner.Spec.Upgrade.RehearsalJob, &pod.Containers[at]
	addRehearsalVolumes(pod, main, spec)
	told := rehearsalEnv(spec)
	main.Env = append(main.Env, told...)
	prepare := inTurn(main, prepareContainer, "prepare.py")
	if spec.ScratchURIFrom != nil {
		prepare.Env = append(prepare.Env, components.SecretEnv(superset.EnvScratchURI, *spec.ScratchURIFrom))
	} else {
		pod.InitContainers = append(pod.InitContainers, scratchServer(main, spec, told))
	}
	copier := inDatabaseImage(main, copyContainer, spec, told)
	cutOff(main)
	serve, err := servingNow(pod, owner, o, told)
	if err != nil {
		return err
	}
	pod.InitContainers = append(pod.InitContainers, prepare, copier, inTurn(main, upgradeContainer, "rehearse_upgrade.py"), serve)
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

// inTurn is a container like another one, with another script.
func inTurn(like *corev1.Container, name, script string) corev1.Container {
	c := *like.DeepCopy()
	c.Name = name
	c.Command = []string{"python", superset.ScriptsDir + "/" + script}
	return c
}

// inDatabaseImage is the container that copies. It mounts what the others do, and has
// nothing of their environment.
func inDatabaseImage(main *corev1.Container, name string, spec v1alpha1.RehearsalJobSpec, env []corev1.EnvVar) corev1.Container {
	c := *main.DeepCopy()
	c.Name, c.Image, c.ImagePullPolicy = name, cmp.Or(spec.Image, postgresClient), ""
	c.Command = []string{"sh", superset.ScriptsDir + "/copy.sh"}
	c.Args, c.EnvFrom, c.Env = nil, nil, slices.Clone(env)
	c.Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}}
	return c
}

// scratchServer is the throw-away database, beside all the others until the last has
// ended.
func scratchServer(main *corev1.Container, spec v1alpha1.RehearsalJobSpec, env []corev1.EnvVar) corev1.Container {
	c := inDatabaseImage(main, scratchContainer, spec, env)
	always := corev1.ContainerRestartPolicyAlways
	c.RestartPolicy = &always
	c.Command = []string{"sh", superset.ScriptsDir + "/scratch.sh"}
	c.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
	return c
}

// cutOff takes away what leads to the database and to the cache that are in use.
func cutOff(c *corev1.Container) {
	c.Env = slices.DeleteFunc(slices.Clone(c.Env), func(e corev1.EnvVar) bool { return e.Name == superset.EnvDatabaseURI })
	for i := range c.Env {
		if c.Env[i].Name == superset.EnvCacheURL {
			c.Env[i].Value, c.Env[i].ValueFrom = nowhere, nil
		}
	}
}

// servingNow is the container of the release that runs now, with its image,
// configuration and secret key, as its own Jobs would have it.
func servingNow(pod *corev1.PodSpec, owner *v1alpha1.Superset, o Order, env []corev1.EnvVar) (corev1.Container, error) {
	own := o
	own.Release, own.Script, own.AsUser, own.Queries = cmp.Or(o.Current, o.Release), Preflight, false, false
	template, err := jobTemplate(owner, own, map[string]string{})
	if err != nil {
		return corev1.Container{}, fmt.Errorf("of the release that runs now: %w", err)
	}
	at := slices.IndexFunc(template.Spec.Containers, func(c corev1.Container) bool { return c.Name == components.MainContainer })
	if at < 0 {
		return corev1.Container{}, fmt.Errorf("of the release that runs now: its podTemplate has no container %s", components.MainContainer)
	}
	c := inTurn(&template.Spec.Containers[at], serveContainer, "rehearse_serve.py")
	bringVolumes(pod, &c, template.Spec.Volumes)
	for _, secret := range template.Spec.ImagePullSecrets {
		if !slices.Contains(pod.ImagePullSecrets, secret) {
			pod.ImagePullSecrets = append(pod.ImagePullSecrets, secret)
		}
	}
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: sharedVolume, MountPath: superset.SharedDir},
		corev1.VolumeMount{Name: scratchVolume, MountPath: superset.ScratchDir})
	c.Env = append(c.Env, env...)
	cutOff(&c)
	return c, nil
}

// bringVolumes gives a container its own volumes in a pod that has others: one of the
// same name and another source gets a name of its own.
func bringVolumes(pod *corev1.PodSpec, c *corev1.Container, volumes []corev1.Volume) {
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
