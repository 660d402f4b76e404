// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"cmp"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Defaults that the operator has measured. The default requests are for them.
const (
	// DefaultConcurrency is the number of processes of a worker.
	DefaultConcurrency = 4
	// defaultGunicornWorkers is the number of gunicorn's processes in the official images.
	defaultGunicornWorkers = 1
	// childMiB is the memory of a process of a worker, and gunicornMiB that of one of gunicorn, in
	// MiB: the highest that was measured.
	childMiB    = 216
	gunicornMiB = 272
)

// CeleryWorker are the arguments of celery for a worker; nil for the defaults.
func CeleryWorker(c *v1alpha1.CelerySpec) []string {
	if c == nil {
		c = &v1alpha1.CelerySpec{}
	}
	pool := poolOf(c)
	args := []string{superset.CeleryApp, "worker", "--pool=" + string(pool)}
	if pool != v1alpha1.PoolSolo {
		args = append(args, "--concurrency="+strconv.Itoa(concurrency(c)))
	}
	args = append(args, "-O", "fair")
	if c.Prefetch != nil {
		args = append(args, "--prefetch-multiplier="+number(c.Prefetch))
	}
	if c.MaxTasksPerChild != nil {
		args = append(args, "--max-tasks-per-child="+number(c.MaxTasksPerChild))
	}
	return args
}

func poolOf(c *v1alpha1.CelerySpec) v1alpha1.Pool { return cmp.Or(c.Pool, v1alpha1.PoolPrefork) }

func concurrency(c *v1alpha1.CelerySpec) int {
	if c.Concurrency == nil {
		return DefaultConcurrency
	}
	return int(*c.Concurrency)
}

// gunicornEnv are the variables that run-server.sh of the official images reads.
func gunicornEnv(g *v1alpha1.GunicornSpec) (out v1alpha1.EnvVars) {
	if g == nil {
		return nil
	}
	for _, v := range []struct {
		name  string
		value *int32
	}{
		{superset.EnvGunicornWorkers, g.Workers}, {superset.EnvGunicornThreads, g.Threads},
		{superset.EnvGunicornTimeout, g.Timeout}, {superset.EnvKeepalive, g.KeepAlive},
	} {
		if v.value != nil {
			out = append(out, v1alpha1.EnvVar{Name: v.name, Value: number(v.value)})
		}
	}
	return out
}

func number(n *int32) string { return strconv.Itoa(int(*n)) }

// grow sets the requests to the default ones with more memory, in MiB, unless the user has set
// resources.
func grow(own *v1alpha1.PodSettings, defaults corev1.ResourceList, mib int64) {
	if own.Resources != nil || mib <= 0 {
		return
	}
	requests := defaults.DeepCopy()
	memory := requests[corev1.ResourceMemory]
	memory.Add(*resource.NewQuantity(mib<<20, resource.BinarySI))
	requests[corev1.ResourceMemory] = memory
	own.Resources = &v1alpha1.Resources{Requests: requests}
}
