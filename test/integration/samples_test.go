// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Each sample stands alone: applied to an empty namespace as it is, it becomes Ready.
func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../config/samples/*.yaml")
	must(t, err)
	applied := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name == "kustomization" {
			continue
		}
		applied++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			kubectlOutput(t, "apply", "-n", f.ns, "-f", file)
			if name == "standalone_worker" {
				f.standaloneReady("reports")
				return
			}
			if s := f.ready("6.0.0"); len(s.Status.History) != 1 {
				t.Errorf("the history of a first install is %+v", s.Status.History)
			}
		})
	}
	if applied != 5 {
		t.Errorf("%d samples", applied)
	}
}

func (f *fixture) standaloneReady(name string) {
	f.t.Helper()
	eventually(f.t, "the worker is ready", func() bool {
		c := &v1alpha1.SupersetAsyncWorker{}
		must(f.t, k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: name}, c))
		for _, condition := range c.Status.Conditions {
			if condition.Type == v1alpha1.ConditionReady {
				return condition.Status == metav1.ConditionTrue
			}
		}
		return false
	})
}
