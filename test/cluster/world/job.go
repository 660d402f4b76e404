// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// job is a running pod of a Job.
type job struct {
	namespace string
	// stop stops it, as the deletion of the pod does.
	stop context.CancelFunc
	// released is closed when a hanging migration may continue.
	released chan struct{}
	once     sync.Once
}

func (j *job) release() { j.once.Do(func() { close(j.released) }) }

// podChanged handles a change of a pod, in the order of the API server.
func (w *World) podChanged(ctx context.Context, object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok || !simulated(pod) {
		return
	}
	switch {
	case pod.DeletionTimestamp != nil:
		w.forget(pod)
	case pod.Status.Phase == corev1.PodPending:
		w.complain(ctx, w.admit(ctx, pod))
	case pod.Status.Phase == corev1.PodRunning && pod.Labels[labelScript] != "" && !scriptEnded(pod):
		w.work(ctx, pod)
	}
}

// scriptEnded is true for a pod in which only another container runs.
func scriptEnded(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
		return s.Name == mainOf(pod).Name && s.State.Terminated != nil
	})
}

// simulated is true for pods that no real kubelet runs.
func simulated(pod *corev1.Pod) bool {
	return len(pod.Spec.NodeName) > len(nodePrefix) && pod.Spec.NodeName[:len(nodePrefix)] == nodePrefix
}

func (w *World) podGone(object any) {
	if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = gone.Obj
	}
	if pod, ok := object.(*corev1.Pod); ok {
		w.forget(pod)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.jobs, pod.UID)
	}
}

// forget stops the work of a pod that is being deleted.
func (w *World) forget(pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j, ok := w.jobs[pod.UID]; ok {
		j.stop()
	}
}

// work starts the work of a script's pod, once.
func (w *World) work(ctx context.Context, pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j, known := w.jobs[pod.UID]
	if !known {
		ctx, cancel := context.WithCancel(ctx)
		j = &job{namespace: pod.Namespace, stop: cancel, released: make(chan struct{})}
		w.jobs[pod.UID] = j
		w.running.Go(func() {
			defer cancel()
			w.runJob(ctx, j, pod)
		})
	}
	if _, ok := pod.Annotations[AnnotationRelease]; ok {
		j.release()
	}
}

// runJob runs a script from its start to its termination message.
func (w *World) runJob(ctx context.Context, j *job, pod *corev1.Pod) {
	database, script := databaseOf(pod), pod.Labels[labelScript]
	if changesSchema[script] {
		if n := w.databases.begin(database, script); n > 1 {
			w.logf("%d MIGRATIONS AT ONCE on database %s", n, database)
		}
		defer w.databases.end(database, script)
	}
	w.logf("%s/%s: %s begins on database %s", pod.Namespace, pod.Name, script, database)
	outcome, ok := w.outcome(ctx, j, pod, database)
	if !ok {
		w.logf("%s/%s: stopped before its end", pod.Namespace, pod.Name)
		return
	}
	// The database first: a world that is restarted between the two finds it
	// changed already, and such a script succeeds.
	if w.databases.change(database, pod, outcome) {
		w.complain(ctx, w.save(ctx))
	}
	w.logf("%s/%s: exit code %d %s", pod.Namespace, pod.Name, outcome.ExitCode, outcome.Message)
	w.complain(ctx, w.terminate(ctx, pod, outcome))
}

func (w *World) delay(pod *corev1.Pod) (time.Duration, error) {
	text, ok := pod.Annotations[AnnotationDelay]
	if !ok {
		return soaking(pod, w.options.Delay)
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("annotation %s: %w", AnnotationDelay, err)
	}
	return soaking(pod, delay)
}

// soaking adds the duration of the script's soak.
func soaking(pod *corev1.Pod, delay time.Duration) (time.Duration, error) {
	soak := env(pod, envSoak).Value
	if soak == "" {
		return delay, nil
	}
	seconds, err := strconv.ParseFloat(soak, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", envSoak, err)
	}
	return delay + time.Duration(seconds*float64(time.Second)), nil
}

// outcome waits as long as the script works; ok is false when the pod was
// deleted, or the world stopped, before.
func (w *World) outcome(ctx context.Context, j *job, pod *corev1.Pod, database place) (o Outcome, ok bool) {
	delay, err := w.delay(pod)
	if err != nil {
		return Result{Script: scriptNames[pod.Labels[labelScript]]}.fail("Unexpected", "%v", err).Outcome(), true
	}
	select {
	case <-ctx.Done():
		return o, false
	case <-time.After(delay):
	}
	if w.options.OnJob != nil {
		if chosen := w.options.OnJob(pod); chosen != nil {
			return *chosen, true
		}
	}
	behavior := behaviorOf(pod)
	if behavior == MigrateHangs && pod.Labels[labelScript] == scriptMigrate {
		select {
		case <-ctx.Done():
			return o, false
		case <-j.released:
		}
	}
	v := w.databases.look(database, pod)
	v.silent = silent(w.pods, pod)
	return play(pod, behavior, v), true
}
