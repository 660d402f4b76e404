// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Verify judges the release: it asks the workers that are ready when it begins, and
// waits for no others. An autoscaler may change their number at any time.
func TestVerifyWhileWorkersScale(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	delay := func(d string) *runtime.RawExtension {
		return &runtime.RawExtension{Raw: []byte(`{"metadata":{"annotations":{"pod-ready.test/delay":"` + d + `"}}}`)}
	}
	f.install("5.0.0", func(s *v1alpha1.Superset) {
		s.Spec.Worker.Replicas = nil
		s.Spec.Worker.PodTemplate, s.Spec.Web.PodTemplate = delay("15s"), delay("2s")
	}, jobs("sim.superset-operator.dev/delay", "5s"))
	f.edit(version("6.0.0"))
	f.phase(v1alpha1.PhaseUpgradeWeb)
	f.scaleWorkers(5)
	f.phase(v1alpha1.PhaseVerify)
	eventually(t, "the verify Job of the upgrade", func() bool { return envOf(f.jobsNow("verify"), "2") != nil && len(f.jobsNow("verify")) == 2 })
	if got := envOf(f.jobsNow("verify"), "2")["SUPERSET_OPERATOR_WORKERS"]; got != "1" {
		t.Errorf("the Job demands %s answers while one worker is ready", got)
	}
	f.scaleWorkers(2)
	for _, pod := range f.tierPods() {
		if pod.Labels[v1alpha1.LabelComponent] == "worker" && podIsReady(&pod) {
			must(t, client.IgnoreNotFound(k8s.Delete(t.Context(), &pod)))
		}
	}
	f.ready("6.0.0")
	f.jobsOf("verify", 2)
}

// scaleWorkers sets a number of workers as an autoscaler does.
func (f *fixture) scaleWorkers(n int32) {
	f.t.Helper()
	worker := &v1alpha1.SupersetAsyncWorker{}
	must(f.t, k8s.Get(f.t.Context(), f.key, worker))
	before := worker.DeepCopy()
	worker.Spec.Replicas = &n
	must(f.t, k8s.Patch(f.t.Context(), worker, client.MergeFrom(before)))
}
