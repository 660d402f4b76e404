// SPDX-License-Identifier: Apache-2.0

package components

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Service renders the web Service of a Superset. It routes to target, which is Web or
// Maintenance; only the selector differs.
func Service(instance, namespace string, target Name) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: ServiceName(instance), Namespace: namespace, Labels: Labels(instance)},
		Spec: corev1.ServiceSpec{
			Selector: Selector(instance, target),
			Ports: []corev1.ServicePort{{
				Name:       webPortName,
				Port:       superset.WebPort,
				Protocol:   corev1.ProtocolTCP,
				TargetPort: intstr.FromString(webPortName),
			}},
		},
	}
}
