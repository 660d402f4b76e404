// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Service renders the web Service of a Superset. It routes to target, which is Web or
// Maintenance; only the selector differs.
func Service(s *v1alpha1.Superset, target Name) *corev1.Service {
	spec := serviceOf(&s.Spec)
	labels := maps.Clone(spec.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, Labels(s.Name))
	port := corev1.ServicePort{
		Name:       webPortName,
		Port:       servicePort(&s.Spec),
		Protocol:   corev1.ProtocolTCP,
		TargetPort: intstr.FromString(webPortName),
	}
	if spec.NodePort != nil {
		port.NodePort = *spec.NodePort
	}
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: ServiceName(s.Name), Namespace: s.Namespace, Labels: labels, Annotations: maps.Clone(spec.Annotations)},
		Spec:       corev1.ServiceSpec{Type: spec.Type, Selector: Selector(s.Name, target), Ports: []corev1.ServicePort{port}},
	}
}

// WebURL is the address of the web Service in the cluster, without a path.
func WebURL(s *v1alpha1.Superset) string {
	return fmt.Sprintf("http://%s.%s.svc:%d", ServiceName(s.Name), s.Namespace, servicePort(&s.Spec))
}

// serviceOf is what spec says about the web Service.
func serviceOf(spec *v1alpha1.SupersetSpec) v1alpha1.ServiceSpec {
	if spec.Web == nil {
		return v1alpha1.ServiceSpec{}
	}
	return spec.Web.Service
}

// servicePort is the port of the web Service.
func servicePort(spec *v1alpha1.SupersetSpec) int32 {
	if port := serviceOf(spec).Port; port != nil {
		return *port
	}
	return superset.WebPort
}
