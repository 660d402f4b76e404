// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// outside is something that happens in the cluster while the operator runs: it is done before
// the write of the point is sent.
type outside struct {
	do func(ctx context.Context, t *trial) error
	// again repeats it at every later write.
	again bool
}

// outsideState is what such events have done so far. They happen in the goroutines of the
// operator's requests.
type outsideState struct {
	mu sync.Mutex
	// vanished has the Jobs and pods that an event has deleted.
	vanished map[types.UID]bool
	// edits is how often an event has changed the spec, and pausedUntil is when the user
	// resumes the Superset; zero while it is not paused.
	edits       int64
	pausedUntil time.Time
	// foreign are the objects of somebody else, as they were created.
	foreign []client.Object
	// err is the first error of an event.
	err error
}

// happens runs an event, one at a time.
func (t *trial) happens(ctx context.Context, o *outside) {
	t.events.mu.Lock()
	defer t.events.mu.Unlock()
	if err := o.do(ctx, t); err != nil && t.events.err == nil {
		t.events.err = err
	}
}

// failed is the first error of an event.
func (o *outsideState) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// vanish deletes all ended Jobs, as a TTL of zero does, and all ended pods of Jobs, as a pod
// cleaner does.
func vanish(ctx context.Context, t *trial) error {
	var jobs batchv1.JobList
	var pods corev1.PodList
	for _, list := range []client.ObjectList{&jobs, &pods} {
		if err := t.lab.admin.List(ctx, list, client.InNamespace(t.ns), client.HasLabels{v1alpha1.LabelScript}); err != nil {
			return fmt.Errorf("listing what vanishes: %w", err)
		}
	}
	for i := range jobs.Items {
		if !ended(&jobs.Items[i]) {
			continue
		}
		if err := t.remove(ctx, &jobs.Items[i]); err != nil {
			return err
		}
	}
	for i := range pods.Items {
		if phase := pods.Items[i].Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
			continue
		}
		if err := t.remove(ctx, &pods.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes an object that vanishes.
func (t *trial) remove(ctx context.Context, obj client.Object) error {
	if t.events.vanished == nil {
		t.events.vanished = map[types.UID]bool{}
	}
	t.events.vanished[obj.GetUID()] = true
	err := t.lab.admin.Delete(ctx, obj, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting what vanishes: %w", err)
	}
	return nil
}

// pauseTime is how long a user pauses the Superset.
const pauseTime = 3 * time.Second

// pause is a user who pauses the Superset.
func pause(ctx context.Context, t *trial) error {
	t.events.pausedUntil = time.Now().Add(pauseTime)
	return t.setPaused(ctx, true)
}

// resume ends a pause that is due; paused is true until that is done.
func (t *trial) resume(ctx context.Context) (paused bool, err error) {
	t.events.mu.Lock()
	defer t.events.mu.Unlock()
	switch until := t.events.pausedUntil; {
	case until.IsZero():
		return false, nil
	case time.Now().Before(until):
		return true, nil
	}
	t.events.pausedUntil = time.Time{}
	return true, t.setPaused(ctx, false)
}

func (t *trial) setPaused(ctx context.Context, paused bool) error {
	t.events.edits++
	return t.edit(ctx, func(s *v1alpha1.Superset) { s.Spec.Paused = paused })
}
