// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// runs waits until exactly the pods of one version exist: two of web, two workers
// and one scheduler.
func (f *fixture) runs(version string) {
	f.t.Helper()
	want := map[string]int{"web": 2, "worker": 2, "scheduler": 1}
	eventually(f.t, "two web pods, two workers and a scheduler of "+version, func() bool {
		got := map[string]int{}
		for _, pod := range f.tierPods() {
			if !podIsReady(&pod) || pod.Labels[v1alpha1.LabelVersion] != version {
				return false
			}
			got[pod.Labels[v1alpha1.LabelComponent]]++
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
}

// tierPods returns the pods of all tiers, including those that are ending.
func (f *fixture) tierPods() []corev1.Pod {
	f.t.Helper()
	var list corev1.PodList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.ns)))
	var out []corev1.Pod
	for _, pod := range list.Items {
		if pod.Labels[v1alpha1.LabelComponent] != "job" {
			out = append(out, pod)
		}
	}
	return out
}

// jobsOf returns the Jobs of a script; a number other than want is an error.
func (f *fixture) jobsOf(script string, want int) []batchv1.Job {
	f.t.Helper()
	jobs := f.jobsNow(script)
	if len(jobs) != want {
		f.t.Errorf("%d %s Jobs, want %d", len(jobs), script, want)
	}
	return jobs
}

func (f *fixture) jobsNow(script string) []batchv1.Job {
	f.t.Helper()
	var list batchv1.JobList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelScript: script}))
	return list.Items
}

// Edits for failures.

func lasts(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

func deadlines(d v1alpha1.Deadlines) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Deadlines = d }
}

// only sets a short deadline for one phase.
func only(p v1alpha1.Phase) func(*v1alpha1.Superset) {
	return deadlines(map[v1alpha1.Phase]v1alpha1.Deadlines{
		v1alpha1.PhaseValidate:       {Validate: lasts(short)},
		v1alpha1.PhaseUpgradeWorkers: {Workers: lasts(short), Scheduler: lasts(short)},
		v1alpha1.PhaseUpgradeWeb:     {Web: lasts(short)},
	}[p])
}

func config(raw string) func(*v1alpha1.Superset) { return sample.Config(raw) }

func cacheFrom(name, key string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		s.Spec.Cache = &v1alpha1.CacheSpec{URLFrom: &v1alpha1.SecretKeyReference{Name: name, Key: key}}
	}
}

func badTemplate(s *v1alpha1.Superset) {
	s.Spec.Worker.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"nonsense":true}}`)}
}

// endsSlowly makes the scheduler's pods end slowly.
func endsSlowly(d string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		s.Spec.Scheduler.PodTemplate = &runtime.RawExtension{Raw: fmt.Appendf(nil, `{"metadata":{"annotations":{"pod-delete.test/delay":%q}}}`, d)}
	}
}
