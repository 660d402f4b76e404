// SPDX-License-Identifier: Apache-2.0

package components

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/settings"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// MainContainer is the name of the container that runs Superset.
const MainContainer = "superset"

const (
	webPortName  = "http"
	configVolume = "config"
	homeVolume   = "home"
	tmpVolume    = "tmp"
	// defaultRepository is the default in the CRD, for specs that no API server has
	// defaulted.
	defaultRepository = "apache/superset"
)

// PodInput is the input of PodTemplate.
type PodInput struct {
	Runtime  v1alpha1.RuntimeSpec
	Settings v1alpha1.PodSettings
	// ConfigMap is the name of the ConfigMap with superset_config.py.
	ConfigMap string
	// ServiceAccount is the name of the account; empty for the account default.
	ServiceAccount string
	// Platform is where the pod runs.
	Platform Platform
	// Labels of the pod.
	Labels map[string]string
	// Command, Args, Env and Requests are defaults that Settings override.
	Command, Args []string
	Env           []corev1.EnvVar
	Requests      corev1.ResourceList
}

// PodTemplate renders the part of a pod that components and Jobs share. It satisfies
// the restricted Pod Security Standard, and has a read-only root file system and an
// emptyDir wherever Superset writes. Callers complete it and then apply the user's
// podTemplate (see Patch).
func PodTemplate(in PodInput) corev1.PodTemplateSpec {
	labels := maps.Clone(in.Labels)
	labels[v1alpha1.LabelVersion] = versionLabel(in.Runtime.Version)
	security := &corev1.PodSecurityContext{
		RunAsNonRoot:   ptr(true),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	in.Platform.restrict(security)
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			ServiceAccountName:           in.ServiceAccount,
			AutomountServiceAccountToken: ptr(false),
			EnableServiceLinks:           ptr(false),
			ImagePullSecrets:             pullSecrets(in.Runtime.Image),
			SecurityContext:              security,
			Containers:                   []corev1.Container{mainContainer(in)},
			Volumes: []corev1.Volume{
				{Name: configVolume, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: in.ConfigMap}}}},
				{Name: homeVolume, VolumeSource: emptyDir()},
				{Name: tmpVolume, VolumeSource: emptyDir()},
			},
		},
	}
	connections.Mount(&template.Spec, &template.Spec.Containers[0], in.Runtime)
	return template
}

// ownAccount sets the old name of the field too. The API server fills it, and a field that the
// operator does not own stays when the new name is removed: its value would come back.
func ownAccount(pod *corev1.PodSpec) {
	if pod.ServiceAccountName != "" {
		pod.DeprecatedServiceAccount = pod.ServiceAccountName
	}
}

func mainContainer(in PodInput) corev1.Container {
	fixed := supersetEnv(in.Runtime)
	own := without(settings.Env(in.Settings.Env), fixed)
	defaults := without(slices.Concat(in.Env, in.Platform.env()), own)
	c := corev1.Container{
		Name:            MainContainer,
		Image:           Image(in.Runtime),
		ImagePullPolicy: in.Runtime.Image.PullPolicy,
		Command:         in.Command,
		Args:            in.Args,
		Env:             slices.Concat(fixed, defaults, own),
		EnvFrom:         settings.EnvFrom(in.Settings.EnvFrom),
		Resources:       corev1.ResourceRequirements{Requests: in.Requests},
		SecurityContext: restrictedContainer(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: configVolume, MountPath: superset.ConfigDir, ReadOnly: true},
			{Name: homeVolume, MountPath: superset.HomeDir},
			{Name: tmpVolume, MountPath: superset.TempDir},
		},
	}
	if in.Settings.Resources != nil {
		c.Resources = resourcesOf(in.Settings.Resources)
	}
	if len(in.Settings.Command) > 0 {
		c.Command, c.Args = in.Settings.Command, nil
	}
	if len(in.Settings.Args) > 0 {
		c.Args = in.Settings.Args
	}
	return c
}

// restrictedContainer is what the restricted level of Pod Security asks of a container, and a
// root file system that is read-only.
func restrictedContainer() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr(false),
		ReadOnlyRootFilesystem:   ptr(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// resourcesOf are the resources of a user for a container.
func resourcesOf(own *v1alpha1.Resources) corev1.ResourceRequirements {
	own = own.DeepCopy()
	return corev1.ResourceRequirements{Requests: own.Requests, Limits: own.Limits}
}

// Limit gives a container limits in addition to its own, and lowers requests that exceed
// them. A quota that counts a limit refuses a pod if any container is without it.
func Limit(c *corev1.Container, limits corev1.ResourceList) {
	for name, limit := range limits {
		if c.Resources.Limits == nil {
			c.Resources.Limits = corev1.ResourceList{}
		}
		c.Resources.Limits[name] = limit
		if request, ok := c.Resources.Requests[name]; ok && request.Cmp(limit) > 0 {
			c.Resources.Requests[name] = limit
		}
	}
}

// Image is the image reference: repository, tag (default: the version), and the digest
// if it is set.
func Image(r v1alpha1.RuntimeSpec) string {
	repository, tag := r.Image.Repository, r.Image.Tag
	if repository == "" {
		repository = defaultRepository
	}
	if tag == "" {
		tag = r.Version
	}
	reference := repository + ":" + tag
	if r.Image.Digest != "" {
		reference += "@" + r.Image.Digest
	}
	return reference
}

func pullSecrets(image v1alpha1.ImageSpec) []corev1.LocalObjectReference {
	var refs []corev1.LocalObjectReference
	for _, name := range image.PullSecrets {
		refs = append(refs, corev1.LocalObjectReference{Name: name})
	}
	return refs
}

// emptyDir has a size limit, so that a growing temporary file evicts its own pod
// before it fills the node's disk.
func emptyDir() corev1.VolumeSource {
	limit := resource.MustParse("2Gi")
	return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: &limit}}
}

func portString(port int32) string { return strconv.Itoa(int(port)) }

func ptr[T any](v T) *T { return &v }
