// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// timeline follows all Supersets and what runs for them. While a pod or a Job of a Superset
// is busy, the operator waits for it; the rest of a phase is what the operator adds.
type timeline struct {
	mu     sync.Mutex
	all    map[types.NamespacedName]*instance
	added  []phaseTime
	moves  []move
	jobs   map[jobKey]map[types.UID]bool // the Jobs of a script of a run, of any attempt
	jobPod map[types.UID]map[types.UID]bool
}

// instance is one Superset.
type instance struct {
	superset *v1alpha1.Superset
	// wanted is the generation of the last edit.
	wanted int64
	// busy are the objects that the operator waits for.
	busy map[types.UID]bool
	// last is the time of the last event; added and whole are the times of the phase so far.
	last         time.Time
	added, whole time.Duration
}

// phaseTime is one ended phase of one Superset.
type phaseTime struct {
	phase v1alpha1.Phase
	// whole is how long it lasted, added how much of that nothing ran for the Superset.
	whole, added time.Duration
}

// move is a persisted change of a phase.
type move struct {
	at time.Time
	// version is the resource version: one etcd orders all of them.
	version int64
}

// jobKey is a script of a run of a Superset.
type jobKey struct {
	superset      types.NamespacedName
	script, fence string
}

func newTimeline() *timeline {
	return &timeline{all: map[types.NamespacedName]*instance{}, jobs: map[jobKey]map[types.UID]bool{}, jobPod: map[types.UID]map[types.UID]bool{}}
}

// see handles a change of an object that was received at a time; gone is its deletion.
func (t *timeline) see(object client.Object, gone bool, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetLabels()[v1alpha1.LabelInstance]}
	s, isSuperset := object.(*v1alpha1.Superset)
	if isSuperset {
		key.Name = s.Name
	}
	i := t.instance(key, at)
	i.advance(at)
	switch {
	case isSuperset:
		t.superset(i, s, at)
	case !gone && busy(object):
		i.busy[object.GetUID()] = true
	default:
		delete(i.busy, object.GetUID())
	}
	t.countJob(key, object)
}

func (t *timeline) instance(key types.NamespacedName, at time.Time) *instance {
	if t.all[key] == nil {
		t.all[key] = &instance{busy: map[types.UID]bool{}, last: at}
	}
	return t.all[key]
}

// expect says which generation an edit has made: with an older one a Superset is not Ready.
func (t *timeline) expect(key types.NamespacedName, generation int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.instance(key, time.Now()).wanted = generation
}

// advance adds the time since the last event.
func (i *instance) advance(at time.Time) {
	passed := at.Sub(i.last)
	if passed < 0 { // the events of different kinds come from different connections
		return
	}
	i.whole += passed
	if len(i.busy) == 0 {
		i.added += passed
	}
	i.last = at
}

// superset handles a change of a Superset. A run begins with the edit.
func (t *timeline) superset(i *instance, s *v1alpha1.Superset, at time.Time) {
	before := i.superset
	i.superset = s
	switch {
	case before == nil || before.Generation != s.Generation:
		i.added, i.whole = 0, 0
	case before.Status.Phase != s.Status.Phase:
		t.added = append(t.added, phaseTime{phase: before.Status.Phase, whole: i.whole, added: i.added})
		version, _ := strconv.ParseInt(s.ResourceVersion, 10, 64)
		t.moves = append(t.moves, move{at: at, version: version})
		i.added, i.whole = 0, 0
	}
}

// countJob counts the Jobs of a script of a run, and the pods of a Job.
func (t *timeline) countJob(key types.NamespacedName, object client.Object) {
	l := object.GetLabels()
	switch o := object.(type) {
	case *batchv1.Job:
		add(t.jobs, jobKey{superset: key, script: l[v1alpha1.LabelScript], fence: l[v1alpha1.LabelFence]}, o.UID)
	case *corev1.Pod:
		if owners := o.OwnerReferences; l[v1alpha1.LabelScript] != "" && len(owners) == 1 {
			add(t.jobPod, owners[0].UID, o.UID)
		}
	}
}

func add[K comparable](to map[K]map[types.UID]bool, key K, uid types.UID) {
	if to[key] == nil {
		to[key] = map[types.UID]bool{}
	}
	to[key][uid] = true
}

// duplicates is how many Jobs and pods of Jobs ran beyond the first of a script of a run.
func (t *timeline) duplicates() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, uids := range t.jobs {
		n += len(uids) - 1
	}
	for _, uids := range t.jobPod {
		n += len(uids) - 1
	}
	return n
}

// ready is how many Supersets are Ready at their spec with a version in a namespace; an
// empty namespace means all. Settled is true when nothing runs for any Superset.
func (t *timeline) ready(namespace, version string) (n int, settled bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	settled = true
	for key, i := range t.all {
		if namespace != "" && key.Namespace != namespace {
			continue
		}
		settled = settled && len(i.busy) == 0
		if i.superset != nil && i.superset.Generation >= i.wanted && isReady(i.superset, version) {
			n++
		}
	}
	return n, settled
}

func isReady(s *v1alpha1.Superset, version string) bool {
	c := sample.Condition(s, v1alpha1.ConditionReady)
	return s.Status.Phase == v1alpha1.PhaseReady && c.Status == "True" &&
		s.Status.ObservedGeneration == s.Generation && s.Status.Version == version && s.Spec.Version == version
}

// phases is how many Supersets are in each phase.
func (t *timeline) phases() map[v1alpha1.Phase]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[v1alpha1.Phase]int{}
	for _, i := range t.all {
		if i.superset != nil {
			out[i.superset.Status.Phase]++
		}
	}
	return out
}

// take returns the ended phases since the last call.
func (t *timeline) take() []phaseTime {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.added
	t.added = nil
	return out
}

// moveAfter is the time of the first move with a higher resource version; ok is false as
// long as there is none.
func (t *timeline) moveAfter(version int64) (at time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.moves {
		if m.version > version {
			return m.at, true
		}
	}
	return at, false
}
