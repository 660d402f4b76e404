// SPDX-License-Identifier: Apache-2.0

package components

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Maintenance is the component label of the pods of the maintenance page. It is not a
// tier.
const Maintenance Name = "maintenance"

const (
	pageVolume         = "page"
	pageDir            = "/etc/superset-operator/page"
	pageServer         = "server.py"
	pageReady          = "/maintenance-page-ready" // not /health: monitoring must not see Superset as healthy
	defaultPageTitle   = "Superset is being upgraded"
	defaultPageMessage = "It will be back in a few minutes. This page reloads by itself."
)

//go:embed page/server.py
var pageServerText string

//go:embed page/index.html
var pageText string

var pageTemplate = template.Must(template.New("index.html").Parse(pageText))

// PageName is the name of the maintenance page's Deployment.
func PageName(instance string) string { return DeploymentName(instance, Maintenance) }

// PageConfigMap renders the immutable ConfigMap of the page and of the program that
// serves it; nil if spec.upgrade.maintenancePage.image is set.
func PageConfigMap(owner *v1alpha1.Superset) *corev1.ConfigMap {
	spec := owner.Spec.Upgrade.MaintenancePage
	if spec.Image != "" {
		return nil
	}
	html := pageHTML(spec)
	return FilesConfigMap(owner.Name, owner.Namespace, PageName(owner.Name)+"-"+Hash(pageServerText+html),
		map[string]string{pageServer: pageServerText, "index.html": html})
}

func pageHTML(spec v1alpha1.MaintenancePageSpec) string {
	if spec.HTML != "" {
		return spec.HTML
	}
	texts := struct{ Title, Message string }{or(spec.Title, defaultPageTitle), or(spec.Message, defaultPageMessage)}
	var out strings.Builder
	if err := pageTemplate.Execute(&out, texts); err != nil {
		panic(fmt.Sprintf("rendering the maintenance page: %v", err)) // two strings, into memory
	}
	return out.String()
}

// Page renders the Deployment of the maintenance page: one small pod with the image of
// the running release r, which the nodes already have.
func Page(owner *v1alpha1.Superset, r *Release, p Platform) (*appsv1.Deployment, error) {
	pod, err := pagePod(owner, r, p, PodLabels(owner.Name, Maintenance))
	if err != nil {
		return nil, fmt.Errorf("the maintenance page: %w", err)
	}
	return onePod(owner, Maintenance, pod), nil
}

// onePod renders the Deployment of one pod that is not of a tier.
func onePod(owner *v1alpha1.Superset, name Name, pod corev1.PodTemplateSpec) *appsv1.Deployment {
	ownAccount(&pod.Spec)
	// A patch for Jobs may set these, but a Deployment does not allow them.
	pod.Spec.RestartPolicy, pod.Spec.ActiveDeadlineSeconds = "", nil
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: DeploymentName(owner.Name, name), Namespace: owner.Namespace, Labels: PodLabels(owner.Name, name)},
		Spec: appsv1.DeploymentSpec{
			Replicas:             ptr(int32(1)),
			RevisionHistoryLimit: ptr(int32(0)),
			Selector:             &metav1.LabelSelector{MatchLabels: Selector(owner.Name, name)},
			Strategy:             rollingUpdate(),
			Template:             pod,
		},
	}
}

func pagePod(owner *v1alpha1.Superset, r *Release, p Platform, labels map[string]string) (corev1.PodTemplateSpec, error) {
	spec := owner.Spec.Upgrade.MaintenancePage
	pod := PodTemplate(PodInput{
		Runtime: connections.None(r.Runtime), ConfigMap: r.ConfigMap, Platform: p, Labels: labels,
		Command:  []string{"python", pageDir + "/" + pageServer, portString(superset.WebPort)},
		Requests: requests("10m", "32Mi"),
	})
	main := &pod.Spec.Containers[0]
	main.Env = []corev1.EnvVar{PodIP()} // it needs no secret
	if jobs := owner.Spec.Jobs; jobs != nil && jobs.Resources != nil {
		Limit(main, jobs.Resources.Limits)
	}
	main.Ports = []corev1.ContainerPort{{Name: webPortName, ContainerPort: superset.WebPort, Protocol: corev1.ProtocolTCP}}
	main.ReadinessProbe = probe(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: pageReady, Port: intstr.FromString(webPortName)}}, 1, 3, 5)
	main.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: web.PreStopSeconds}}}
	if cm := PageConfigMap(owner); cm != nil {
		pod.Spec.Volumes[0] = corev1.Volume{Name: pageVolume, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: cm.Name}}}}
		main.VolumeMounts[0] = corev1.VolumeMount{Name: pageVolume, MountPath: pageDir, ReadOnly: true}
	} else {
		pod.Spec.Volumes, main.VolumeMounts = pod.Spec.Volumes[1:], main.VolumeMounts[1:]
		main.Image, main.Command = spec.Image, nil
		main.ReadinessProbe = probe(healthCheck(), 1, 3, 5)
	}
	return Patch(pod, r.Jobs.PodTemplate)
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
