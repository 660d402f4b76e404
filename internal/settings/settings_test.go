// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func number32(n int32) *int32 { return &n }

func variables(pairs ...string) (out v1alpha1.EnvVars) {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		out = append(out, v1alpha1.EnvVar{Name: name, Value: value})
	}
	return out
}

func written(vars v1alpha1.EnvVars) (out []string) {
	for _, v := range vars {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}

// The variables of a component win over gunicorn's options, and both over those for all pods; a
// variable keeps its place, so that a later one can refer to it.
func TestPrecedenceOfVariables(t *testing.T) {
	spec := &v1alpha1.SupersetSpec{
		Env:     variables("HOST=all", "URL=$(HOST)/x", "SERVER_WORKER_AMOUNT=9", "GUNICORN_TIMEOUT=9"),
		EnvFrom: v1alpha1.EnvFromSources{{SecretRef: &v1alpha1.ObjectSelector{Name: "all"}}},
		Web: &v1alpha1.WebSpec{
			Gunicorn: &v1alpha1.GunicornSpec{Workers: number32(2), Threads: number32(8), Timeout: number32(75), KeepAlive: number32(5)},
			PodSettings: v1alpha1.PodSettings{Env: variables("OWN=1", "HOST=web", "GUNICORN_TIMEOUT=120"),
				EnvFrom: v1alpha1.EnvFromSources{{ConfigMapRef: &v1alpha1.ObjectSelector{Name: "web"}}}},
		},
		Scheduler: &v1alpha1.SchedulerSpec{},
	}
	got, err := Web(spec, corev1.ResourceList{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"HOST=web", "URL=$(HOST)/x", "SERVER_WORKER_AMOUNT=2", "GUNICORN_TIMEOUT=120", "SERVER_THREADS_AMOUNT=8", "GUNICORN_KEEPALIVE=5", "OWN=1"}
	if diff := cmp.Diff(want, written(got.Env)); diff != "" {
		t.Errorf("web (-want +got):\n%s", diff)
	}
	if len(got.EnvFrom) != 2 || got.EnvFrom[0].SecretRef.Name != "all" || got.EnvFrom[1].ConfigMapRef.Name != "web" {
		t.Errorf("web has envFrom %+v", got.EnvFrom)
	}
	for name, of := range map[string]func(*v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error){"scheduler": Scheduler, "jobs": Jobs} {
		got, err := of(spec)
		if diff := cmp.Diff(written(spec.Env), written(got.Env)); diff != "" || err != nil || len(got.EnvFrom) != 1 {
			t.Errorf("%s: %v, %+v (-want +got):\n%s", name, err, got.EnvFrom, diff)
		}
	}
	if diff := cmp.Diff([]string{"OWN=1", "HOST=web", "GUNICORN_TIMEOUT=120"}, written(spec.Web.Env)); diff != "" {
		t.Errorf("the spec was changed (-want +got):\n%s", diff)
	}
}

// A component takes a limited number of variables: the error names both fields.
func TestTooManyVariables(t *testing.T) {
	many := func(prefix string, n int) (out v1alpha1.EnvVars) {
		for i := range n {
			out = append(out, v1alpha1.EnvVar{Name: fmt.Sprintf("%s%d", prefix, i)})
		}
		return out
	}
	spec := &v1alpha1.SupersetSpec{Env: many("A", 60), Jobs: &v1alpha1.JobsSpec{}}
	spec.Jobs.Env = many("A", 100)
	if _, err := Jobs(spec); err != nil {
		t.Errorf("100 names: %v", err)
	}
	spec.Jobs.Env = many("B", 41)
	if _, err := Jobs(spec); err == nil || !strings.HasPrefix(err.Error(), "spec.env and spec.jobs.env have 101 variables together") {
		t.Errorf("101 names: %v", err)
	}
	spec.Jobs.Env, spec.EnvFrom, spec.Jobs.EnvFrom = nil, make(v1alpha1.EnvFromSources, 20), make(v1alpha1.EnvFromSources, 1)
	if _, err := Jobs(spec); err == nil || !strings.HasPrefix(err.Error(), "spec.envFrom and spec.jobs.envFrom have 21 items together") {
		t.Errorf("21 objects: %v", err)
	}
}

func TestCeleryWorker(t *testing.T) {
	const app = "--app=superset.tasks.celery_app:app"
	for name, c := range map[string]struct {
		spec *v1alpha1.CelerySpec
		want []string
	}{
		"none":  {nil, []string{app, "worker", "--pool=prefork", "--concurrency=4", "-O", "fair"}},
		"empty": {&v1alpha1.CelerySpec{}, []string{app, "worker", "--pool=prefork", "--concurrency=4", "-O", "fair"}},
		"all": {&v1alpha1.CelerySpec{Concurrency: number32(8), Prefetch: number32(2), MaxTasksPerChild: number32(100)},
			[]string{app, "worker", "--pool=prefork", "--concurrency=8", "-O", "fair", "--prefetch-multiplier=2", "--max-tasks-per-child=100"}},
		"threads": {&v1alpha1.CelerySpec{Pool: "threads", Concurrency: number32(16)}, []string{app, "worker", "--pool=threads", "--concurrency=16", "-O", "fair"}},
		"solo":    {&v1alpha1.CelerySpec{Pool: v1alpha1.PoolSolo}, []string{app, "worker", "--pool=solo", "-O", "fair"}},
	} {
		if diff := cmp.Diff(c.want, CeleryWorker(c.spec)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The default memory request grows with the processes; resources of the user stay.
func TestRequestsGrow(t *testing.T) {
	defaults := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("1Gi")}
	own := &v1alpha1.Resources{Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}}
	for name, c := range map[string]struct {
		celery   *v1alpha1.CelerySpec
		gunicorn *v1alpha1.GunicornSpec
		own      *v1alpha1.Resources
		worker   string
		web      string
	}{
		"none":    {nil, nil, nil, "", ""},
		"empty":   {&v1alpha1.CelerySpec{}, &v1alpha1.GunicornSpec{Threads: number32(50)}, nil, "", ""},
		"fewer":   {&v1alpha1.CelerySpec{Concurrency: number32(2)}, &v1alpha1.GunicornSpec{Workers: number32(1)}, nil, "", ""},
		"more":    {&v1alpha1.CelerySpec{Concurrency: number32(6)}, &v1alpha1.GunicornSpec{Workers: number32(3)}, nil, "1456Mi", "1568Mi"},
		"threads": {&v1alpha1.CelerySpec{Concurrency: number32(64), Pool: "threads"}, nil, nil, "", ""},
		"own":     {&v1alpha1.CelerySpec{Concurrency: number32(6)}, &v1alpha1.GunicornSpec{Workers: number32(3)}, own, "64Mi", "64Mi"},
	} {
		pod := v1alpha1.PodSettings{Resources: c.own}
		spec := &v1alpha1.SupersetSpec{Worker: &v1alpha1.WorkerSpec{Celery: c.celery, PodSettings: pod}, Web: &v1alpha1.WebSpec{Gunicorn: c.gunicorn, PodSettings: pod}}
		worker, err := Worker(spec, defaults)
		if err != nil {
			t.Fatal(err)
		}
		web, err := Web(spec, defaults)
		if err != nil {
			t.Fatal(err)
		}
		if got := memory(worker.Resources); got != c.worker {
			t.Errorf("%s: the worker requests %q, want %q", name, got, c.worker)
		}
		if got := memory(web.Resources); got != c.web {
			t.Errorf("%s: web requests %q, want %q", name, got, c.web)
		}
	}
	if got := defaults[corev1.ResourceMemory]; got.String() != "1Gi" {
		t.Errorf("the defaults became %s", got.String())
	}
}

func memory(r *v1alpha1.Resources) string {
	if r == nil {
		return ""
	}
	q := r.Requests[corev1.ResourceMemory]
	return q.String()
}
