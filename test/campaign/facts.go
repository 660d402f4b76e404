// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/chronicle"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/sample"
)

// facts are what two runs of a scenario must have in common.
type facts struct {
	// Phases are the persisted phases in order, each with its fence.
	Phases []string
	// Runs counts the pods of each attempt of a Job.
	Runs map[string]int
	// Made and Gone count the created and deleted objects of each kind, and pods by
	// component.
	Made, Gone map[string]int
	// State has every object of the operator at the end, without the values that
	// differ between runs.
	State map[string]any
	// Migrations and Revision are the migrations and the final revision of the
	// database.
	Migrations world.Count
	Revision   string
	// Broken lists the invariants that an intermediate state broke; empty for a
	// correct run.
	Broken []string
}

// factsOf derives the facts from the recorded changes.
func factsOf(story []chronicle.Change) facts {
	f := facts{Runs: map[string]int{}, Made: map[string]int{}, Gone: map[string]int{}, State: map[string]any{}}
	n, invariants, last := newNormaliser(story), newInvariants(), map[string]chronicle.Change{}
	for _, c := range story {
		if c.Obj.GetLabels()[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy && !isSuperset(c) {
			continue // for example a Secret of the API server
		}
		f.count(c)
		invariants.see(c)
		last[n.nameOf(c.Obj)] = c
	}
	for name, c := range last {
		if _, pod := c.Obj.(*corev1.Pod); !pod && !c.Gone {
			f.State[name] = n.state(c.Obj)
		}
	}
	f.Broken = invariants.broken
	return f
}

// count adds one change.
func (f *facts) count(c chronicle.Change) {
	if c.Made {
		f.Made[classOf(c.Obj)]++
	}
	if c.Gone {
		f.Gone[classOf(c.Obj)]++
	}
	switch obj := c.Obj.(type) {
	case *corev1.Pod:
		if job := jobOf(obj.Labels); job != "" && c.Made {
			f.Runs[job]++
		}
	case *v1alpha1.Superset:
		phase := fmt.Sprintf("%s, fence %d", obj.Status.Phase, obj.Status.UpgradeRevision)
		if len(f.Phases) == 0 || f.Phases[len(f.Phases)-1] != phase {
			f.Phases = append(f.Phases, phase)
		}
	}
}

func isSuperset(c chronicle.Change) bool {
	_, ok := c.Obj.(*v1alpha1.Superset)
	return ok
}

// jobOf names an attempt of a Job by its labels; empty for any other object.
func jobOf(labels map[string]string) string {
	if labels[v1alpha1.LabelScript] == "" {
		return ""
	}
	return fmt.Sprintf("%s, fence %s, attempt %s", labels[v1alpha1.LabelScript], labels[v1alpha1.LabelFence], labels[v1alpha1.LabelAttempt])
}

// withoutLate ignores a maintenance page that a late write created again after it
// had been deleted: the API server cannot reject such a create, because it is
// decided from the absence of the object. The page must be deleted again.
func (f facts) withoutLate(undisturbed facts) facts {
	for _, class := range []string{"Deployment maintenance", "Pod maintenance"} {
		made, gone := undisturbed.Made[class], undisturbed.Gone[class]
		if made > 0 && f.Made[class] == made+1 && f.Gone[class] == gone+1 {
			f.Made[class], f.Gone[class] = made, gone
		}
	}
	return f
}

// withoutEdits lowers the generations in the Superset by a number of edits that the undisturbed
// run does not have.
func (f facts) withoutEdits(n int64) facts {
	if n > 0 {
		lower(f.State["Superset "+sample.Name], n)
	}
	return f
}

func lower(in any, n int64) {
	switch in := in.(type) {
	case map[string]any:
		for field, v := range in {
			if generation, ok := v.(int64); ok && (field == "generation" || field == "observedGeneration") {
				in[field] = generation - n
			}
			lower(v, n)
		}
	case []any:
		for _, v := range in {
			lower(v, n)
		}
	}
}

// classOf is the kind of an object; for a Deployment or a pod also its component.
func classOf(obj metav1.Object) string {
	class := kindOf(obj)
	if class == "Pod" || class == "Deployment" {
		class += " " + obj.GetLabels()[v1alpha1.LabelComponent]
	}
	return class
}

// invariants are the invariants that hold in every state, not only at the end.
type invariants struct {
	broken []string
	fences map[string]int64
	beats  map[string]bool
	jobs   map[string]bool
	// paused is the phase in which the operator has seen a pause that lasts; empty for none.
	paused v1alpha1.Phase
}

func newInvariants() *invariants {
	return &invariants{fences: map[string]int64{}, beats: map[string]bool{}, jobs: map[string]bool{}}
}

func (l *invariants) see(c chronicle.Change) {
	switch obj := c.Obj.(type) {
	case *v1alpha1.Superset:
		l.grows("Superset", obj.Status.UpgradeRevision)
		l.holds(obj)
	case v1alpha1.Component:
		l.grows(kindOf(obj), obj.ComponentSpec().Fence)
	case *corev1.Pod:
		if obj.Labels[v1alpha1.LabelComponent] == "scheduler" {
			l.alone(l.beats, obj.Name, c.Gone, "schedulers exist")
		}
	case *batchv1.Job:
		if slices.Contains([]string{"migrate", "downgrade", "restore"}, obj.Labels[v1alpha1.LabelScript]) {
			l.alone(l.jobs, obj.Name, c.Gone || ended(obj), "Jobs that change the schema are under way")
		}
	}
	if len(l.jobs) > 0 && len(l.beats) > 0 {
		l.broken = append(l.broken, "a scheduler exists while a Job changes the schema")
	}
}

// grows checks that a fence never decreases.
func (l *invariants) grows(kind string, fence int64) {
	if fence < l.fences[kind] {
		l.broken = append(l.broken, fmt.Sprintf("the fence of %s goes from %d to %d", kind, l.fences[kind], fence))
	}
	l.fences[kind] = fence
}

// holds checks that nothing moves once the operator has seen a pause.
func (l *invariants) holds(s *v1alpha1.Superset) {
	before := l.paused
	l.paused = ""
	if !s.Spec.Paused || s.Status.ObservedGeneration != s.Generation {
		return
	}
	l.paused = s.Status.Phase
	if before != "" && before != s.Status.Phase {
		l.broken = append(l.broken, fmt.Sprintf("a paused Superset moves from %s to %s", before, s.Status.Phase))
	}
}

// alone checks that there are never two at the same time.
func (l *invariants) alone(live map[string]bool, name string, gone bool, what string) {
	if gone {
		delete(live, name)
		return
	}
	known := live[name]
	live[name] = true
	if !known && len(live) > 1 {
		l.broken = append(l.broken, fmt.Sprintf("%d %s at once", len(live), what))
	}
}

func ended(job *batchv1.Job) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
	})
}
