// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestEnvironment(t *testing.T) {
	limit := corev1.EnvVar{Name: "LIMIT", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}}}
	c := &corev1.Container{Name: "manager", Env: []corev1.EnvVar{{Name: "PLAIN", Value: "x"}, limit}}
	c.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Mi")}
	if got, err := Environment(c); err != nil || !slices.Equal(got, []string{"PLAIN=x", "LIMIT=1048576"}) {
		t.Errorf("got %q, %v", got, err)
	}
	c.Resources.Limits = nil
	if got, err := Environment(c); err == nil {
		t.Errorf("without a limit: %q", got)
	}
	c.Env = []corev1.EnvVar{{Name: "SECRET", ValueFrom: &corev1.EnvVarSource{}}}
	if got, err := Environment(c); err == nil {
		t.Errorf("an unknown source: %q", got)
	}
}

func TestIdle(t *testing.T) {
	done := `controller_runtime_reconcile_total{controller="superset",result="success"}`
	failed := `controller_runtime_reconcile_total{controller="superset",result="error"}`
	other := `controller_runtime_reconcile_total{controller="supersetwebworker",result="success"}`
	for name, c := range map[string]struct {
		series map[string]float64
		want   bool
	}{
		"idle":                 {map[string]float64{done: 2, failed: 1, `workqueue_depth{name="superset"}`: 0}, true},
		"too few reconciles":   {map[string]float64{done: 2, other: 9}, false},
		"a queue is not empty": {map[string]float64{done: 3, `workqueue_depth{name="superset"}`: 1}, false},
		"a worker works":       {map[string]float64{done: 3, `controller_runtime_active_workers{controller="superset"}`: 1}, false},
	} {
		if got := idle(c.series, 3); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
