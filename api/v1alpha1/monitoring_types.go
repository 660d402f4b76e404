// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// MonitoringSpec configures optional pods that serve metrics of Superset itself. No upgrade
// waits for them.
type MonitoringSpec struct {
	// statsdExporter runs one pod that receives the metrics of web, workers and scheduler as
	// StatsD, and serves them to Prometheus. Setting or removing it is a new release; its
	// fields are not.
	// +optional
	StatsdExporter *StatsdExporterSpec `json:"statsdExporter,omitempty"`

	// healthExporter runs one pod of Superset's image that counts the tasks in the Celery
	// queues and the workers that answer. It needs cache.urlFrom.
	// +optional
	HealthExporter *HealthExporterSpec `json:"healthExporter,omitempty"`
}

// StatsdExporterSpec configures the pod that receives StatsD.
type StatsdExporterSpec struct {
	// image of the StatsD exporter of Prometheus, with a tag or a digest. Default:
	// prom/statsd-exporter:v0.31.0.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// pullPolicy of the image. Default: IfNotPresent.
	// +optional
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	PullPolicy corev1.PullPolicy `json:"pullPolicy,omitempty"`

	// resources of the container. Default: requests of 10m CPU and 32Mi memory, no limits.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}

// HealthExporterSpec configures the pod that asks the Celery broker.
type HealthExporterSpec struct {
	// resources of the container. Default: requests of 10m CPU and 64Mi memory, no limits.
	// +optional
	Resources *Resources `json:"resources,omitempty"`
}
