// SPDX-License-Identifier: Apache-2.0

package components

import (
	_ "embed"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// defaultStatsdImage is the default of spec.monitoring.statsdExporter.image.
const defaultStatsdImage = "prom/statsd-exporter:v0.31.0"

const (
	statsdContainer = "statsd-exporter"
	statsdPortName  = "statsd"
	mappingFile     = "mapping.yaml"
)

// StatsdMapping is the mapping of the StatsD exporter. What it does not name is dropped.
//
//go:embed monitoring/statsd.yaml
var StatsdMapping string

// StatsdFiles are the files of the StatsD exporter, by name.
func StatsdFiles() map[string]string { return map[string]string{mappingFile: StatsdMapping} }

// requestsConfig is added to gunicorn's configuration: each request is sent as StatsD.
//
//go:embed web/requests.py
var requestsConfig string

// statsdHost is the host to which the pods of a Superset send StatsD; empty for none.
func statsdHost(s *v1alpha1.Superset) string {
	if m := s.Spec.Monitoring; m == nil || m.StatsdExporter == nil {
		return ""
	}
	return DeploymentName(s.Name, NameStatsd)
}

// statsdEnv is the variable of the host, for every tier.
func statsdEnv(host string) []corev1.EnvVar {
	if host == "" {
		return nil
	}
	return []corev1.EnvVar{{Name: superset.EnvStatsdHost, Value: host}}
}

// commandOf is the default command of a component.
func commandOf(d Descriptor, host string) []string {
	if host == "" || d.StatsdCommand == nil {
		return d.Command
	}
	return d.StatsdCommand
}

// StatsdExporter renders the exporter that receives StatsD; nil if spec has none. Pods send to
// it by UDP, so that none of them waits for it, or has to be replaced with it.
func StatsdExporter(owner *v1alpha1.Superset, p Platform) (*Exporter, error) {
	if statsdHost(owner) == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	out, err := NewExporter(owner, NameStatsd, statsdPod(owner, p), StatsdFiles(), owner.Spec.PodTemplate)
	if err != nil {
		return nil, fmt.Errorf("the StatsD exporter: %w", err)
	}
	// A patch for all pods may change the container of Superset, which this pod does not have.
	pod := &out.Deployment.Spec.Template.Spec
	pod.InitContainers = nil
	pod.Containers = slices.DeleteFunc(pod.Containers, func(c corev1.Container) bool { return c.Name != statsdContainer })
	out.Service = &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: DeploymentName(owner.Name, NameStatsd), Namespace: owner.Namespace, Labels: PodLabels(owner.Name, NameStatsd)},
		Spec: corev1.ServiceSpec{
			Selector: Selector(owner.Name, NameStatsd),
			Ports: []corev1.ServicePort{{
				Name: statsdPortName, Port: superset.StatsdPort, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromString(statsdPortName)}},
		},
	}
	return out, nil
}

func statsdPod(owner *v1alpha1.Superset, p Platform) corev1.PodTemplateSpec {
	spec := owner.Spec.Monitoring.StatsdExporter
	security := &corev1.PodSecurityContext{
		RunAsNonRoot:   ptr(true),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	p.restrict(security)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: PodLabels(owner.Name, NameStatsd)},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: ptr(false),
			EnableServiceLinks:           ptr(false),
			ImagePullSecrets:             pullSecrets(owner.Spec.Image),
			SecurityContext:              security,
			Containers: []corev1.Container{{
				Name:            statsdContainer,
				Image:           or(spec.Image, defaultStatsdImage),
				ImagePullPolicy: corev1.PullPolicy(or(string(spec.PullPolicy), string(corev1.PullIfNotPresent))),
				Args: []string{
					"--statsd.mapping-config=" + FilesDir + "/" + mappingFile,
					fmt.Sprintf("--statsd.listen-udp=:%d", superset.StatsdPort),
					"--statsd.listen-tcp=",
					fmt.Sprintf("--web.listen-address=:%d", MetricsPort),
				},
				Ports:           []corev1.ContainerPort{{Name: statsdPortName, ContainerPort: superset.StatsdPort, Protocol: corev1.ProtocolUDP}},
				ReadinessProbe:  ExporterProbe("/-/ready"),
				Resources:       ExporterResources(spec.Resources, "10m", "32Mi"),
				SecurityContext: restrictedContainer(),
			}},
		},
	}
}
