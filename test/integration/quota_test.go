// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A quota that refuses a Job's pod is quoted long before the deadline. With limits
// in spec, every container of every pod has them: the upgrade passes under the
// quota, with its rehearsal, its backup and its maintenance page.
func TestQuotaThatDemandsLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", backedUp, rehearsed, strategy(v1alpha1.StrategyDrain))
	must(t, k8s.Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "demands-limits", Namespace: f.ns},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceLimitsMemory: resource.MustParse("16Gi")}},
	}))
	f.edit(version("6.0.0"), deadlines(v1alpha1.Deadlines{Validate: lasts(time.Hour)}))
	s := f.until("the refusal is quoted", func(s *v1alpha1.Superset) bool {
		return strings.Contains(f.message(s), "failed quota: demands-limits")
	})
	if c := condition(s, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonBlocked || s.Status.Phase != v1alpha1.PhaseValidate {
		t.Errorf("phase %s, Ready %+v", s.Status.Phase, c)
	}
	contains(t, f.message(s), "must specify limits.memory for: superset")
	if strings.Contains(f.message(s), "preflight-2") {
		t.Errorf("the message names a pod, which changes with every attempt: %s", f.message(s))
	}
	f.edit(limits("512Mi"), deadlines(v1alpha1.Deadlines{}))
	f.ready("6.0.0")
	f.jobsOf("rehearse", 1)
	f.jobsOf("backup", 1)
	f.runs("6.0.0")
	pages := 0
	for _, c := range f.rec.changes() {
		if pod, ok := c.obj.(*corev1.Pod); ok && pod.Labels[v1alpha1.LabelComponent] == "maintenance" {
			pages++
		}
	}
	if pages == 0 {
		t.Error("the quota refused the maintenance page")
	}
}

// limits sets a memory limit for web, worker, scheduler and jobs.
func limits(memory string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		r := &v1alpha1.Resources{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}}
		s.Spec.Jobs = &v1alpha1.JobsSpec{}
		s.Spec.Web.Resources, s.Spec.Worker.Resources, s.Spec.Scheduler.Resources, s.Spec.Jobs.Resources = r, r, r, r
	}
}
