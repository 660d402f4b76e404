// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Verify judges the release: it asks the workers that are ready when its Job begins, and waits
// for no others. An autoscaler may change their number at any time, and a node may be drained. A
// worker whose pod is gone by then is not asked again.
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
	first := f.asked("2", "1")
	if len(first) != 1 {
		t.Errorf("the Job asks %v while one worker is ready", first)
	}
	f.scaleWorkers(2)
	for _, pod := range f.tierPods() {
		if pod.Name == first[0] {
			must(t, client.IgnoreNotFound(k8s.Delete(t.Context(), &pod)))
		}
	}
	f.ready("6.0.0")
	f.jobsOf("verify", 3)
	if second := f.asked("2", "2"); len(second) == 0 || slices.Contains(second, first[0]) {
		t.Errorf("the second attempt asks %v, the first one asked %v", second, first)
	}
}

// A tier that is scaled to zero during Verify has no worker to ask.
func TestVerifyWhileWorkersGo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", func(s *v1alpha1.Superset) { s.Spec.Worker.Replicas = nil }, jobs("sim.superset-operator.dev/delay", "3s"))
	f.edit(version("6.0.0"))
	f.phase(v1alpha1.PhaseVerify)
	eventually(t, "the verify Job of the upgrade", func() bool { return len(f.asked("2", "1")) == 1 })
	f.scaleWorkers(0)
	f.ready("6.0.0")
	if second := f.asked("2", "2"); len(second) != 0 {
		t.Errorf("the second attempt asks %v", second)
	}
}

// asked are the hostnames of the workers that a verify Job asks.
func (f *fixture) asked(fence, attempt string) []string {
	f.t.Helper()
	mine := slices.DeleteFunc(f.jobsNow("verify"), func(job batchv1.Job) bool { return job.Labels[v1alpha1.LabelAttempt] != attempt })
	return strings.FieldsFunc(envOf(mine, fence)["SUPERSET_OPERATOR_WORKER_HOSTS"], func(r rune) bool { return r == ',' })
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
