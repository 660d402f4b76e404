// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Pool is how a Celery worker runs its tasks.
// +kubebuilder:validation:Enum=prefork;threads;solo;gevent;eventlet
type Pool string

const (
	// PoolPrefork runs each task in one of several processes.
	PoolPrefork Pool = "prefork"
	// PoolSolo runs one task at a time, in the worker itself.
	PoolSolo Pool = "solo"
)

// CelerySpec has the options of a Celery worker.
// +kubebuilder:validation:XValidation:rule="!has(self.maxTasksPerChild) || !has(self.pool) || self.pool == 'prefork'",message="maxTasksPerChild replaces processes, which only the pool prefork has: remove it, or set pool: prefork"
// +kubebuilder:validation:XValidation:rule="!has(self.concurrency) || !has(self.pool) || self.pool != 'solo'",message="the pool solo runs one task at a time: remove concurrency, or set another pool"
type CelerySpec struct {
	// concurrency is how many tasks a worker runs at a time: 1 to 256. In the pool prefork
	// each is a process of 210 to 227 MB: the default memory request grows by 216Mi for each
	// above four. Default: 4.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Concurrency *int32 `json:"concurrency,omitempty"`

	// pool is how tasks run: prefork (processes), threads, solo, gevent or eventlet. The last
	// two need a package of that name in the image. Only with prefork the liveness probe sees
	// whether the worker takes tasks. Default: prefork.
	// +optional
	Pool Pool `json:"pool,omitempty"`

	// prefetch is how many tasks a worker reserves for each that it runs: 1 to 1000. Default:
	// worker_prefetch_multiplier of CELERY_CONFIG, which is 1 unless config changes it.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Prefetch *int32 `json:"prefetch,omitempty"`

	// maxTasksPerChild is after how many tasks a process is replaced, which gives its memory
	// back: at least 1. For the pool prefork. Default: never.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MaxTasksPerChild *int32 `json:"maxTasksPerChild,omitempty"`
}

// GunicornSpec has the options of gunicorn.
type GunicornSpec struct {
	// workers is the number of processes: 1 to 64. Each has 250 to 285 MB: the default memory
	// request grows by 272Mi for each above one. Default: that of the image, which is 1 in the
	// official ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	Workers *int32 `json:"workers,omitempty"`

	// threads is the number of requests that each process serves at a time: 1 to 1000.
	// Default: that of the image, which is 20 in the official ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Threads *int32 `json:"threads,omitempty"`

	// timeout is after how many seconds a process that no longer answers is replaced: 1 to
	// 3600. The termination grace period of web is not changed by it. Default: that of the
	// image, which is 60 in the official ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	Timeout *int32 `json:"timeout,omitempty"`

	// keepAlive is for how many seconds an idle connection is kept: 1 to 3600. A pod that ends
	// waits for it, up to two minutes. Default: that of the image, which is 2 in the official
	// ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	KeepAlive *int32 `json:"keepAlive,omitempty"`
}
