// SPDX-License-Identifier: Apache-2.0

package chronicle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// Recorder records every change in a namespace. The zero value records nothing
// yet. Resource versions of all kinds come from one etcd, so they define an order
// of the changes of all watches.
type Recorder struct {
	mu      sync.Mutex
	changes []Change
	newest  map[types.UID]Change
}

// Change is a change of an object.
type Change struct {
	// At is the object's resource version.
	At int64
	// Made and Gone are true for the first and the last change of an object. An
	// object that exists when the record begins is recorded as made then.
	Made, Gone bool
	Obj        client.Object
}

// Also records further kinds, until the context ends.
func (r *Recorder) Also(ctx context.Context, c client.WithWatch, ns string, lists ...client.ObjectList) error {
	for _, list := range lists {
		w, err := c.Watch(ctx, list, client.InNamespace(ns))
		if err != nil {
			return fmt.Errorf("watching %T: %w", list, err)
		}
		go r.follow(w)
	}
	return nil
}

func (r *Recorder) follow(w watch.Interface) {
	for e := range w.ResultChan() {
		obj, ok := e.Object.(client.Object)
		if !ok {
			continue
		}
		at, err := strconv.ParseInt(obj.GetResourceVersion(), 10, 64)
		if err != nil {
			continue
		}
		r.mu.Lock()
		c := Change{at, e.Type == watch.Added, e.Type == watch.Deleted, obj}
		r.changes = append(r.changes, c)
		if r.newest == nil {
			r.newest = map[types.UID]Change{}
		}
		r.newest[obj.GetUID()] = c
		r.mu.Unlock()
	}
}

// Knows is true once the record contains the given state of the Superset: a watch
// may be behind a read.
func (r *Recorder) Knows(s *v1alpha1.Superset) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, err := strconv.ParseInt(s.ResourceVersion, 10, 64)
	return err == nil && r.newest[s.UID].At >= at
}

// Story returns all changes so far, in the order of the API server.
func (r *Recorder) Story() []Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.changes)
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(a.At, b.At) })
	return out
}

// Newest returns the last change of each object that still exists, in no order.
func (r *Recorder) Newest() []Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Change
	for _, c := range r.newest {
		if !c.Gone {
			out = append(out, c)
		}
	}
	return out
}

// Len is the number of changes so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.changes)
}

// Forget drops the recorded changes.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = nil
}

// Phases returns the phases of a Superset, in order.
func (r *Recorder) Phases() []v1alpha1.Phase {
	var out []v1alpha1.Phase
	for _, c := range r.Story() {
		if s, ok := c.Obj.(*v1alpha1.Superset); ok && (len(out) == 0 || out[len(out)-1] != s.Status.Phase) {
			out = append(out, s.Status.Phase)
		}
	}
	return out
}

// String is a short form of the record, for a failed test.
func (r *Recorder) String() string {
	var b strings.Builder
	for _, c := range r.Story() {
		switch o := c.Obj.(type) {
		case *v1alpha1.Superset:
			ready := sample.Condition(o, v1alpha1.ConditionReady)
			fmt.Fprintf(&b, "%d superset %s %s: %s\n", c.At, o.Status.Phase, ready.Reason, ready.Message)
		case v1alpha1.Component:
			spec := o.ComponentSpec()
			fmt.Fprintf(&b, "%d %T %s %s fence %d, status: generation %d of %d, fence %d\n", c.At, o, spec.Version, spec.Mode, spec.Fence,
				o.ComponentStatus().ObservedGeneration, o.GetGeneration(), o.ComponentStatus().Fence)
		case *corev1.Pod:
			fmt.Fprintf(&b, "%d pod %s %s gone %v ending %v\n", c.At, o.Name, o.Status.Phase, c.Gone, o.DeletionTimestamp != nil)
		}
	}
	return b.String()
}
