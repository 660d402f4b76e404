// SPDX-License-Identifier: Apache-2.0

package components

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Component labels of the pods that serve metrics of Superset. They are not tiers.
const (
	NameStatsd Name = "statsd"
	NameHealth Name = "health"
)

// Exporters are the names of all exporters.
var Exporters = []Name{NameStatsd, NameHealth}

const (
	// MetricsPort is the port at which an exporter serves /metrics.
	MetricsPort     = 9102
	metricsPortName = "metrics"
	filesVolume     = "files"
	// FilesDir is where the ConfigMap of an exporter is mounted, read-only.
	FilesDir = "/etc/superset-operator/exporter"
)

// Exporter has the objects of a pod that serves metrics of Superset. No tier and no phase
// depends on it.
type Exporter struct {
	Deployment *appsv1.Deployment
	ConfigMap  *corev1.ConfigMap
	// Service by which other pods reach it; nil for none.
	Service *corev1.Service
}

// NewExporter renders an exporter from its pod, whose first container is its own, its files,
// which are mounted at FilesDir, and the user's podTemplate.
func NewExporter(owner *v1alpha1.Superset, name Name, pod corev1.PodTemplateSpec, files map[string]string, patch *runtime.RawExtension) (*Exporter, error) {
	config := ExporterFiles(owner, name, files)
	main := &pod.Spec.Containers[0]
	main.Ports = append(main.Ports, corev1.ContainerPort{Name: metricsPortName, ContainerPort: MetricsPort, Protocol: corev1.ProtocolTCP})
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: filesVolume, MountPath: FilesDir, ReadOnly: true})
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: filesVolume, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: config.Name}}}})
	pod, err := Patch(pod, patch)
	if err != nil {
		return nil, fmt.Errorf("podTemplate: %w", err)
	}
	return &Exporter{ConfigMap: config, Deployment: onePod(owner, name, pod)}, nil
}

// ExporterFiles renders the immutable ConfigMap with the files of an exporter.
func ExporterFiles(owner *v1alpha1.Superset, name Name, files map[string]string) *corev1.ConfigMap {
	return FilesConfigMap(owner.Name, owner.Namespace, DeploymentName(owner.Name, name)+"-"+HashFiles(files), files)
}

// FilesConfigMap renders an immutable ConfigMap of files. Those that are not text are in binaryData.
func FilesConfigMap(instance, namespace, name string, files map[string]string) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: Labels(instance)},
		Immutable:  ptr(true),
		Data:       map[string]string{},
		BinaryData: map[string][]byte{},
	}
	for file, content := range files {
		if utf8.ValidString(content) {
			cm.Data[file] = content
		} else {
			cm.BinaryData[file] = []byte(content)
		}
	}
	return cm
}

// PodLabels are the labels of a pod that is not of a tier, and of its Deployment.
func PodLabels(instance string, name Name) map[string]string {
	labels := Labels(instance)
	maps.Copy(labels, Selector(instance, name))
	return labels
}

// ExporterProbe checks a path of an exporter every ten seconds.
func ExporterProbe(path string) *corev1.Probe {
	return probe(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(metricsPortName)}}, 10, 3, 5)
}

// ExporterResources are the resources of an exporter: those of spec, or these requests.
func ExporterResources(own *v1alpha1.Resources, cpu, memory string) corev1.ResourceRequirements {
	if own == nil {
		return corev1.ResourceRequirements{Requests: requests(cpu, memory)}
	}
	return resourcesOf(own)
}

// HashFiles identifies files, by their names and contents.
func HashFiles(files map[string]string) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text += name + "\x00" + files[name] + "\x00"
	}
	return Hash(text)
}

// HealthRelease is the release whose image the health exporter runs: that of the workers, or
// else the one that runs; empty before there is one.
func HealthRelease(workers, running string) string { return cmp.Or(workers, running) }
