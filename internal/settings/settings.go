// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The maxima of the lists in the spec of a component: see v1alpha1.EnvVars and EnvFromSources.
const (
	maxEnv     = 100
	maxEnvFrom = 20
)

// ServiceAccount is the name of the account of the pods; empty for the account default.
func ServiceAccount(s *v1alpha1.Superset) string {
	if s.Spec.ServiceAccount == nil {
		return ""
	}
	return cmp.Or(s.Spec.ServiceAccount.Name, s.Name)
}

// MakesAccount is true for a Superset with an account of its own, which the operator creates.
func MakesAccount(s *v1alpha1.Superset) bool {
	return s.Spec.ServiceAccount != nil && s.Spec.ServiceAccount.Name == ""
}

// Web are the settings of the web tier, whose default requests grow with its processes. The
// error names the field.
func Web(spec *v1alpha1.SupersetSpec, defaults corev1.ResourceList) (v1alpha1.PodSettings, error) {
	own := *spec.Web.DeepCopy()
	if g := own.Gunicorn; g != nil && g.Workers != nil {
		grow(&own.PodSettings, defaults, int64(*g.Workers-defaultGunicornWorkers)*gunicornMiB)
	}
	own.Env = merge(gunicornEnv(own.Gunicorn), own.Env)
	return forPod(spec, "spec.web", own.PodSettings)
}

// Worker are the settings of the worker tier, whose default requests grow with its processes.
// The error names the field.
func Worker(spec *v1alpha1.SupersetSpec, defaults corev1.ResourceList) (v1alpha1.PodSettings, error) {
	own := *spec.Worker.DeepCopy()
	if c := own.Celery; c != nil {
		own.Args = CeleryWorker(c)
		if poolOf(c) == v1alpha1.PoolPrefork {
			grow(&own.PodSettings, defaults, int64(concurrency(c)-DefaultConcurrency)*childMiB)
		}
	}
	return forPod(spec, "spec.worker", own.PodSettings)
}

// Scheduler are the settings of the scheduler. The error names the field.
func Scheduler(spec *v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error) {
	return forPod(spec, "spec.scheduler", *spec.Scheduler.PodSettings.DeepCopy())
}

// Jobs are the settings of the pods of Jobs. The error names the field.
func Jobs(spec *v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error) {
	var own v1alpha1.PodSettings
	if spec.Jobs != nil {
		own = *spec.Jobs.PodSettings.DeepCopy()
	}
	return forPod(spec, "spec.jobs", own)
}

// forPod adds the variables for all pods.
func forPod(spec *v1alpha1.SupersetSpec, path string, own v1alpha1.PodSettings) (v1alpha1.PodSettings, error) {
	own.Env = merge(spec.Env, own.Env)
	if n := len(own.Env); n > maxEnv {
		return own, fmt.Errorf("spec.env and %s.env have %d variables together, more than the %d allowed: put them into a ConfigMap, and name it in envFrom", path, n, maxEnv)
	}
	own.EnvFrom = slices.Concat(spec.EnvFrom, own.EnvFrom)
	if n := len(own.EnvFrom); n > maxEnvFrom {
		return own, fmt.Errorf("spec.envFrom and %s.envFrom have %d items together, more than the %d allowed: put the variables into fewer objects", path, n, maxEnvFrom)
	}
	return own, nil
}

// merge puts own into all. A variable of both has the value of own and keeps its place in all, so
// that those after it can still refer to it.
func merge(all, own v1alpha1.EnvVars) v1alpha1.EnvVars {
	if len(all) == 0 {
		return own
	}
	out := slices.Clone(all)
	for _, v := range own {
		same := func(e v1alpha1.EnvVar) bool { return e.Name == v.Name }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at] = v
		} else {
			out = append(out, v)
		}
	}
	return out
}
