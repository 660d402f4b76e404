// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// ServiceSpec configures the Service of the web tier. It is not part of a release: a change
// takes effect at once and restarts nothing, except that another port is written into
// superset_config.py.
// +kubebuilder:validation:XValidation:rule="!has(self.nodePort) || (has(self.type) && self.type != 'ClusterIP')",message="a nodePort needs the type NodePort or LoadBalancer: set type, or remove nodePort"
type ServiceSpec struct {
	// type of the Service: ClusterIP, NodePort or LoadBalancer. Default: ClusterIP.
	// +optional
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	Type corev1.ServiceType `json:"type,omitempty"`

	// port of the Service: 1 to 65535. Pods listen on 8088 whatever it is. Default: 8088.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// nodePort is the port on each node: 1 to 65535, within the range of the cluster. Default:
	// Kubernetes chooses one.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	NodePort *int32 `json:"nodePort,omitempty"`

	// annotations of the Service, such as those of a cloud's load balancer. Default: none.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('superset-operator.dev/'))",message="annotations below superset-operator.dev/ are the operator's: choose another name"
	Annotations map[string]string `json:"annotations,omitempty"`

	// labels of the Service, besides those that the operator sets. Default: none.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('superset-operator.dev/') && !k.startsWith('app.kubernetes.io/'))",message="labels below app.kubernetes.io/ and superset-operator.dev/ are the operator's: choose another name"
	Labels map[string]string `json:"labels,omitempty"`
}
