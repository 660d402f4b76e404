// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// samples limits a scrape of Superset's own metrics: whoever reaches the StatsD exporter can send
// to it.
const samples = 5000

// podMonitor is the scrape of the pods of spec.monitoring, in every namespace, for the Prometheus
// operator. It adds the label name; the Prometheus operator adds the label namespace.
func podMonitor() ([]byte, error) {
	out, err := yaml.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
		"metadata": map[string]any{
			"name": "superset", "namespace": "superset-operator-system", "labels": map[string]string{"app.kubernetes.io/name": "superset-operator"}},
		"spec": map[string]any{
			"namespaceSelector": map[string]any{"any": true},
			"selector": map[string]any{
				"matchLabels": map[string]string{"app.kubernetes.io/managed-by": "superset-operator", "app.kubernetes.io/name": "superset"},
				"matchExpressions": []any{map[string]any{
					"key": "app.kubernetes.io/component", "operator": "In", "values": []string{"statsd", "health"}}},
			},
			"sampleLimit": samples,
			"podMetricsEndpoints": []any{map[string]any{
				"port": "metrics", "interval": "30s",
				"relabelings": []any{map[string]any{
					"sourceLabels": []string{"__meta_kubernetes_pod_label_app_kubernetes_io_instance"}, "targetLabel": "name"}},
			}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the PodMonitor: %w", err)
	}
	return append([]byte(header), out...), nil
}
