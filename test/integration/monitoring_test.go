// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// monitoring is where the dashboards and alerts are.
const monitoring = "../../config/monitoring"

// kubectl runs kubectl on the control plane and returns its output.
func kubectl(t *testing.T, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), control.Kubectl, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+control.Kubeconfig)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", arguments, err, out)
	}
	return out
}

// The API server accepts the dashboards as kubectl applies them, and they are the files.
func TestDashboardsCanBeApplied(t *testing.T) {
	t.Parallel()
	for range 2 { // the second time changes nothing
		kubectl(t, "apply", "-k", filepath.Join(monitoring, "dashboards"))
	}
	var list corev1.ConfigMapList
	must(t, k8s.List(t.Context(), &list, client.InNamespace("superset-operator-system"), client.MatchingLabels{"grafana_dashboard": "1"}))
	if len(list.Items) != 3 {
		t.Errorf("%d ConfigMaps have the label of Grafana's sidecar, want 3", len(list.Items))
	}
	for _, m := range list.Items {
		for name, got := range m.Data {
			want, err := os.ReadFile(filepath.Join(monitoring, "dashboards", name))
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s: %s", m.Name, diff)
			}
		}
	}
}

// Built with config/default, the component adds the alerts and a scrape that finds the pods of
// the operator and keeps their label namespace.
func TestMonitoringComponent(t *testing.T) {
	t.Parallel()
	overlay := t.TempDir()
	to := func(path string) string {
		absolute, err := filepath.Abs(path)
		must(t, err)
		relative, err := filepath.Rel(overlay, absolute)
		must(t, err)
		return relative
	}
	content, err := json.Marshal(map[string]any{"resources": []string{to("../../config/default")}, "components": []string{to(monitoring)}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), content, 0o600))
	built := map[string]*unstructured.Unstructured{}
	for _, document := range bytes.Split(kubectl(t, "kustomize", overlay), []byte("\n---\n")) {
		o := &unstructured.Unstructured{}
		must(t, yaml.Unmarshal(document, &o.Object))
		built[o.GetKind()+"/"+o.GetName()] = o
		if ns := o.GetNamespace(); ns != "" && ns != "superset-operator-system" {
			t.Errorf("%s %s is in the namespace %s", o.GetKind(), o.GetName(), ns)
		}
	}
	var deployment appsv1.Deployment
	var service corev1.Service
	convert(t, built["Deployment/superset-operator"], &deployment)
	convert(t, built["Service/superset-operator-metrics"], &service)
	pod := deployment.Spec.Template
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) || service.Spec.Ports[0].TargetPort.StrVal != pod.Spec.Containers[0].Ports[0].Name {
		t.Errorf("the Service selects %v and port %v, the pods have %v and %v", service.Spec.Selector, service.Spec.Ports, pod.Labels, pod.Spec.Containers[0].Ports)
	}
	monitor := built["ServiceMonitor/superset-operator"]
	selector, _, _ := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
	endpoints, _, _ := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	if !labels.SelectorFromSet(selector).Matches(labels.Set(service.Labels)) || len(endpoints) != 1 {
		t.Fatalf("the ServiceMonitor selects %v and has %d endpoints, the Service has %v", selector, len(endpoints), service.Labels)
	}
	if e := endpoints[0].(map[string]any); e["port"] != service.Spec.Ports[0].Name || e["honorLabels"] != true {
		t.Errorf("the endpoint is %v", e)
	}
	if built["PrometheusRule/superset-operator"] == nil {
		t.Error("there is no PrometheusRule")
	}
}

func convert(t *testing.T, from *unstructured.Unstructured, to any) {
	t.Helper()
	if from == nil {
		t.Fatalf("there is no %T", to)
	}
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, to))
}
