// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// healthModules are all that the health exporter needs of the scripts: a change of others does
// not replace its pod.
var healthModules = []string{
	"superset_job/__init__.py", "superset_job/jobs/__init__.py", "superset_job/jobs/health.py",
	"superset_job/report/__init__.py", "superset_job/report/connections.py", "superset_job/report/fit.py", "superset_job/report/mesh.py",
	"superset_job/broker/__init__.py", "superset_job/broker/redis.py",
}

// HealthFiles are the files of the health exporter, by name.
var HealthFiles = map[string]string{
	scripts.Program: scripts.Archive(healthModules...), superset.ConnectionsFile: superset.Connections,
}

// HealthExporter renders the exporter that asks the Celery broker, with the image of a release;
// nil if spec has none, or the release no broker.
func HealthExporter(owner *v1alpha1.Superset, r *components.Release, p components.Platform) (*components.Exporter, error) {
	if m := owner.Spec.Monitoring; m == nil || m.HealthExporter == nil || r.Runtime.Cache == nil {
		return nil, nil //nolint:nilnil // none is no error
	}
	pod := components.PodTemplate(components.PodInput{
		Runtime: connections.OnlyCache(r.Runtime), Platform: p, Labels: components.PodLabels(owner.Name, components.NameHealth),
		Command: []string{"python", components.FilesDir + "/" + scripts.Program, "health", strconv.Itoa(components.MetricsPort)},
	})
	main := &pod.Spec.Containers[0]
	main.Env = append([]corev1.EnvVar{components.PodIP()}, connections.Cache(r.Runtime.Cache)...)
	main.Resources = components.ExporterResources(owner.Spec.Monitoring.HealthExporter.Resources, "10m", "64Mi")
	main.ReadinessProbe, main.LivenessProbe = components.ExporterProbe("/metrics"), components.ExporterProbe("/healthz")
	main.VolumeMounts, pod.Spec.Volumes = main.VolumeMounts[1:], pod.Spec.Volumes[1:] // without superset_config.py
	out, err := components.NewExporter(owner, components.NameHealth, pod, HealthFiles, r.Jobs.PodTemplate)
	if err != nil {
		return nil, fmt.Errorf("the health exporter: %w", err)
	}
	return out, nil
}
