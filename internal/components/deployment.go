// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/packages"
)

// Deployment renders the Deployment of a component.
//
// The pod template of a running tier changes only if its spec changes. live is the
// existing Deployment, or nil. If it was rendered from the same spec by a different
// renderer version, or for a different platform, its pod template is kept.
func Deployment(d Descriptor, c v1alpha1.Component, live *appsv1.Deployment, p Platform) (*appsv1.Deployment, error) {
	spec := c.ComponentSpec()
	rendered := renderedFrom(p.renderer(Renderer), spec)
	labels := Labels(c.GetName())
	labels[v1alpha1.LabelComponent] = string(d.Name)
	out := &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      DeploymentName(c.GetName(), d.Name),
			Namespace: c.GetNamespace(),
			Labels:    labels,
			Annotations: map[string]string{
				v1alpha1.AnnotationRendered:   rendered,
				v1alpha1.AnnotationGeneration: strconv.FormatInt(c.GetGeneration(), 10),
			},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas:             Replicas(c),
			RevisionHistoryLimit: ptr(int32(2)),

			ProgressDeadlineSeconds: spec.ProgressDeadlineSeconds,
			Selector:                &metav1.LabelSelector{MatchLabels: Selector(c.GetName(), d.Name)},
			Strategy:                d.Strategy,
		},
	}
	if live != nil && keepsTemplate(live.Annotations[v1alpha1.AnnotationRendered], rendered) {
		out.Annotations[v1alpha1.AnnotationRendered] = live.Annotations[v1alpha1.AnnotationRendered]
		out.Spec.Template = *live.Spec.Template.DeepCopy()
		return out, nil
	}
	template, err := tierTemplate(d, c, p)
	out.Spec.Template = template
	return out, err
}

// FromLater is true if a Deployment was rendered from a later generation of the
// component than c. Then c is from a stale cache.
func FromLater(live *appsv1.Deployment, c v1alpha1.Component) bool {
	from, err := strconv.ParseInt(live.Annotations[v1alpha1.AnnotationGeneration], 10, 64)
	return err == nil && from > c.GetGeneration()
}

// Replicas is the desired number of pods of a component: 0 if it is held, 1 by
// default and for a kind without replicas.
func Replicas(c v1alpha1.Component) *int32 {
	if c.ComponentSpec().Mode == v1alpha1.ModeHold {
		return ptr(int32(0))
	}
	if at := c.DesiredReplicas(); at != nil && *at != nil {
		return ptr(**at)
	}
	return ptr(int32(1))
}

// renderedFrom identifies the renderer and the source of a pod template.
func renderedFrom(renderer string, spec *v1alpha1.ComponentSpec) string {
	return fmt.Sprintf("%s/%s/%d", renderer, TierHash(spec), spec.Fence)
}

// keepsTemplate is true if rendered has the same source as current, but a different renderer.
func keepsTemplate(rendered, current string) bool {
	if rendered == "" || rendered == current {
		return false
	}
	_, liveSource, _ := strings.Cut(rendered, "/")
	_, source, _ := strings.Cut(current, "/")
	return liveSource == source
}

func tierTemplate(d Descriptor, c v1alpha1.Component, p Platform) (corev1.PodTemplateSpec, error) {
	spec := c.ComponentSpec()
	// A standalone component has not passed Validate.
	if err := checkPatch("spec.podTemplate", spec.PodTemplate); err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	if err := checkBasePath("spec.basePath", spec.BasePath, spec.Version); err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	labels := Labels(c.GetName())
	maps.Copy(labels, Selector(c.GetName(), d.Name))
	labels[v1alpha1.LabelRelease] = TierHash(spec)
	template := PodTemplate(PodInput{
		Runtime:   spec.RuntimeSpec,
		Settings:  spec.PodSettings,
		ConfigMap: ConfigMapOf(c),
		Platform:  p,
		Labels:    labels,
		Command:   commandOf(d, spec.StatsdHost),
		Args:      d.Args,
		Env:       slices.Concat(d.Env, basePathEnv(spec.BasePath), statsdEnv(spec.StatsdHost)),
		Requests:  d.Requests,

		ServiceAccount: spec.ServiceAccountName,
	})
	template.Spec.TerminationGracePeriodSeconds = ptr(d.GraceSeconds)
	main := &template.Spec.Containers[0]
	main.StartupProbe, main.ReadinessProbe, main.LivenessProbe = connections.Probe(d.Startup, spec.RuntimeSpec), d.Readiness, connections.Probe(d.Liveness, spec.RuntimeSpec)
	if d.Port != 0 {
		main.Ports = []corev1.ContainerPort{{Name: webPortName, ContainerPort: d.Port, Protocol: corev1.ProtocolTCP}}
	}
	if d.PreStopSeconds != 0 {
		main.Lifecycle = drain(d.PreStopSeconds)
	}
	patched, err := Patch(template, spec.PodTemplate)
	if err != nil {
		return template, fmt.Errorf("spec.podTemplate: %w", err)
	}
	ownAccount(&patched.Spec)
	packages.Install(&patched.Spec, MainContainer, packages.Set{Lines: packages.Texts(spec.Packages), Index: spec.PackagesIndex, Env: spec.Env})
	if main := mainOf(&patched.Spec); main != nil {
		fitProbes(main, servedPath(main, spec.Version))
		fitDrain(d, main, &patched.Spec)
	}
	return patched, nil
}
