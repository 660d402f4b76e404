// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/chronicle"
	"github.com/superset-operator/superset-operator/test/sample"
)

// runBuilder builds the record of a short run: an upgrade with its Job and its
// pod.
type runBuilder struct {
	uid, ns string
	at      time.Time
	changes []chronicle.Change
}

func (t *runBuilder) record(made, gone bool, obj client.Object) {
	obj.SetNamespace(t.ns)
	obj.SetUID(types.UID(t.uid + "-" + obj.GetName()))
	obj.SetResourceVersion(t.uid)
	t.changes = append(t.changes, chronicle.Change{At: int64(len(t.changes)), Made: made, Gone: gone, Obj: obj})
}

func ours(component string) map[string]string {
	return map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelComponent: component}
}

func (t *runBuilder) superset(phase v1alpha1.Phase, fence int64) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi"}}
	since := metav1.NewTime(t.at)
	s.Status = v1alpha1.SupersetStatus{Phase: phase, UpgradeRevision: fence, PhaseSince: &since}
	s.Status.History = []v1alpha1.HistoryEntry{{Phases: "Validate " + t.at.Format("5") + "s"}}
	s.Status.Conditions = []metav1.Condition{{Message: "kubectl get superset bi -n " + t.ns}}
	t.record(len(t.changes) == 0, false, s)
}

func (t *runBuilder) job(attempt string, pods int, ended bool) {
	labels := ours("job")
	labels[v1alpha1.LabelScript], labels[v1alpha1.LabelFence], labels[v1alpha1.LabelAttempt] = "migrate", "2", attempt
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-migrate-2-" + attempt + "-" + t.uid, Labels: labels}}
	if ended {
		job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	}
	t.record(true, false, job)
	for range pods {
		t.record(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p" + t.uid, Labels: labels}})
	}
}

func story(uid, ns string, seconds int64, edit func(*runBuilder)) facts {
	t := &runBuilder{uid: uid, ns: ns, at: time.Unix(seconds, 0)}
	t.superset("Validate", 2)
	t.superset("DBMigrate", 2)
	edit(t)
	t.superset("Ready", 2)
	return factsOf(t.changes)
}

func (t *runBuilder) deployment(message string) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "bi-web", Labels: ours("web")}}
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Message: message}}
	t.record(true, false, d)
}

// Two runs differ in uids, names, times and namespaces (which may look like
// durations), and in nothing else.
func TestEqualRuns(t *testing.T) {
	usual := func(replicaSet string) func(*runBuilder) {
		return func(t *runBuilder) {
			t.job("1", 1, true)
			t.deployment("ReplicaSet \"" + replicaSet + "\" has successfully progressed.")
		}
	}
	a, b := story("u1", "ns1", 1_700_000_011, usual("bi-web-1")), story("u2", "t-4652s", 1_700_000_033, usual("bi-web-2"))
	if d := diff(a, b); d != "" || len(a.Broken) > 0 || len(a.State) != 3 {
		t.Errorf("they differ:\n%s%v %v", d, a.Broken, a.State)
	}
}

// The generations that the edits of a mode have added are not compared; any other one is.
func TestEditsOfAMode(t *testing.T) {
	at := func(generation int64, edits int64) facts {
		b := &runBuilder{uid: "u", ns: "ns", at: time.Unix(1, 0)}
		s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: sample.Name, Generation: generation}}
		s.Status.ObservedGeneration = generation
		s.Status.Conditions = []metav1.Condition{{Type: "Ready", ObservedGeneration: generation}}
		b.record(true, false, s)
		return factsOf(b.changes).withoutEdits(edits)
	}
	if d := diff(at(3, 0), at(5, 2)); d != "" {
		t.Errorf("two edits of the mode are compared:\n%s", d)
	}
	if d := diff(at(3, 0), at(5, 1)); strings.Count(d, "+ ") != 3 {
		t.Errorf("a third edit is not seen in all generations:\n%s", d)
	}
}

// A Superset does not move while it is paused, once the operator has seen the pause.
func TestMovesOfAPausedSuperset(t *testing.T) {
	type look struct {
		paused               bool
		generation, observed int64
		phase                v1alpha1.Phase
	}
	for name, test := range map[string]struct {
		looks  []look
		broken int
	}{
		"held":           {[]look{{true, 2, 1, "Validate"}, {true, 2, 1, "DBMigrate"}, {true, 2, 2, "DBMigrate"}, {true, 2, 2, "DBMigrate"}, {false, 3, 2, "DBMigrate"}, {false, 3, 3, "Verify"}}, 0},
		"not seen yet":   {[]look{{true, 2, 1, "Validate"}, {true, 2, 1, "DBMigrate"}}, 0},
		"moves":          {[]look{{true, 2, 2, "Validate"}, {true, 2, 2, "DBMigrate"}}, 1},
		"moves twice":    {[]look{{true, 2, 2, "Validate"}, {true, 2, 2, "DBMigrate"}, {true, 2, 2, "Verify"}}, 2},
		"between pauses": {[]look{{true, 2, 2, "Validate"}, {false, 3, 3, "DBMigrate"}, {true, 4, 4, "Verify"}}, 0},
	} {
		b := &runBuilder{uid: "u", ns: "ns", at: time.Unix(1, 0)}
		for n, l := range test.looks {
			s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: sample.Name, Generation: l.generation}}
			s.Spec.Paused, s.Status.ObservedGeneration, s.Status.Phase = l.paused, l.observed, l.phase
			b.record(n == 0, false, s)
		}
		if got := factsOf(b.changes).Broken; len(got) != test.broken {
			t.Errorf("%s: broken %v, want %d", name, got, test.broken)
		}
	}
}

// Every kind of divergence is detected.
func TestDivergingRuns(t *testing.T) {
	usual := story("u1", "ns1", 1, func(t *runBuilder) { t.job("1", 1, true) })
	for name, test := range map[string]struct {
		edit func(*runBuilder)
		says string
	}{
		"the Job ran twice":    {func(t *runBuilder) { t.job("1", 2, true) }, "/Runs/migrate, fence 2, attempt 1: 2"},
		"another attempt":      {func(t *runBuilder) { t.job("1", 1, true); t.job("2", 1, true) }, "/Runs/migrate, fence 2, attempt 2: 1"},
		"two attempts at once": {func(t *runBuilder) { t.job("1", 1, false); t.job("2", 1, true) }, ""},
		"no Job":               {func(*runBuilder) {}, "- /Runs/migrate, fence 2, attempt 1: 1"},
		"an extra phase":       {func(t *runBuilder) { t.job("1", 1, true); t.superset("Verify", 2) }, "Verify, fence 2"},
		"another fence":        {func(t *runBuilder) { t.job("1", 1, true); t.superset("DBMigrate", 3) }, "the fence of Superset goes from 3 to 2"},
		"two schedulers at once": {func(t *runBuilder) {
			t.job("1", 1, true)
			for _, name := range []string{"a", "b"} {
				t.record(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: ours("scheduler")}})
			}
		}, "2 schedulers exist at once"},
		"made and removed": {func(t *runBuilder) {
			t.job("1", 1, true)
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: ours("")}}
			t.record(true, false, cm)
			t.record(false, true, cm.DeepCopy())
		}, "/Gone/ConfigMap: 1"},
		"other message": {func(t *runBuilder) {
			t.job("1", 1, true)
			t.deployment("ReplicaSet \"bi-web-1\" has timed out progressing.")
		}, "/message: ReplicaSet \"bi-web-1\" has timed out progressing."},
		"other content": {func(t *runBuilder) {
			t.job("1", 1, true)
			t.record(true, false, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: ours("")}, Data: map[string]string{"k": "v"}})
		}, "/State/ConfigMap x/data/k: v"},
	} {
		got := story("u2", "ns2", 99, test.edit)
		if d := diff(usual, got); d == "" || !strings.Contains(d, test.says) {
			t.Errorf("%s: the difference does not contain %q:\n%s", name, test.says, d)
		}
	}
	duringMigration := func(t *runBuilder) {
		t.record(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "beat", Labels: ours("scheduler")}})
		t.job("1", 0, false)
	}
	if got := story("u", "n", 1, duringMigration); len(got.Broken) == 0 || got.Broken[0] != "a scheduler exists while a Job changes the schema" {
		t.Errorf("a scheduler during a migration: %v", got.Broken)
	}
	if got := story("u", "n", 1, func(t *runBuilder) { t.job("1", 1, false); t.job("2", 1, false) }); len(got.Broken) != 1 {
		t.Errorf("two concurrent migrations: %v", got.Broken)
	}
}

// A late write may create the maintenance page again if it is deleted again in
// the end; no other object.
func TestLateMaintenancePage(t *testing.T) {
	comes := func(component string, times int, goes bool) func(*runBuilder) {
		return func(t *runBuilder) {
			for range times {
				d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "bi-" + component, Labels: ours(component)}}
				t.record(true, false, d)
				if goes {
					t.record(false, true, d.DeepCopy())
				}
			}
		}
	}
	once := func(component string) facts { return story("u1", "ns1", 1, comes(component, 1, true)) }
	if d := diff(once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 2, true)).withoutLate(once("maintenance"))); d != "" {
		t.Errorf("a page that came and went twice differs:\n%s", d)
	}
	for name, test := range map[string]struct{ undisturbed, f facts }{
		"it remains":            {once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 2, false))},
		"three times":           {once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 3, true))},
		"none in the other run": {story("u1", "ns1", 1, func(*runBuilder) {}), once("maintenance")},
		"another component":     {once("web"), story("u2", "ns2", 2, comes("web", 2, true))},
	} {
		if diff(test.undisturbed, test.f.withoutLate(test.undisturbed)) == "" {
			t.Errorf("%s: not detected", name)
		}
	}
}
