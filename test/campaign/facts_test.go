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
)

// tale is a short story: an upgrade with its Job and its pod.
type tale struct {
	uid, ns string
	at      time.Time
	changes []chronicle.Change
}

func (t *tale) tell(made, gone bool, obj client.Object) {
	obj.SetNamespace(t.ns)
	obj.SetUID(types.UID(t.uid + "-" + obj.GetName()))
	obj.SetResourceVersion(t.uid)
	t.changes = append(t.changes, chronicle.Change{At: int64(len(t.changes)), Made: made, Gone: gone, Obj: obj})
}

func ours(component string) map[string]string {
	return map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelComponent: component}
}

func (t *tale) superset(phase v1alpha1.Phase, fence int64) {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi"}}
	since := metav1.NewTime(t.at)
	s.Status = v1alpha1.SupersetStatus{Phase: phase, UpgradeRevision: fence, PhaseSince: &since}
	s.Status.History = []v1alpha1.HistoryEntry{{Phases: "Validate " + t.at.Format("5") + "s"}}
	s.Status.Conditions = []metav1.Condition{{Message: "kubectl get superset bi -n " + t.ns}}
	t.tell(len(t.changes) == 0, false, s)
}

func (t *tale) job(attempt string, pods int, ended bool) {
	labels := ours("job")
	labels[v1alpha1.LabelScript], labels[v1alpha1.LabelFence], labels[v1alpha1.LabelAttempt] = "migrate", "2", attempt
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-migrate-2-" + attempt + "-" + t.uid, Labels: labels}}
	if ended {
		job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	}
	t.tell(true, false, job)
	for range pods {
		t.tell(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p" + t.uid, Labels: labels}})
	}
}

func story(uid, ns string, seconds int64, edit func(*tale)) facts {
	t := &tale{uid: uid, ns: ns, at: time.Unix(seconds, 0)}
	t.superset("Validate", 2)
	t.superset("DBMigrate", 2)
	edit(t)
	t.superset("Ready", 2)
	return factsOf(t.changes)
}

// Two runs have uids, names, times and namespaces of their own, which may look like
// spans of time, and nothing else.
func TestRunsThatAreAlikeDoNotDiffer(t *testing.T) {
	usual := func(t *tale) { t.job("1", 1, true) }
	a, b := story("u1", "ns1", 1_700_000_011, usual), story("u2", "t-4652s", 1_700_000_033, usual)
	if d := diff(a, b); d != "" || len(a.Broken) > 0 || len(a.State) != 2 {
		t.Errorf("they differ:\n%s%v %v", d, a.Broken, a.State)
	}
}

// Every way to go wrong is seen.
func TestRunsThatDivergeDiffer(t *testing.T) {
	usual := story("u1", "ns1", 1, func(t *tale) { t.job("1", 1, true) })
	for name, test := range map[string]struct {
		edit func(*tale)
		says string
	}{
		"the Job ran twice":    {func(t *tale) { t.job("1", 2, true) }, "/Runs/migrate, fence 2, attempt 1: 2"},
		"another attempt":      {func(t *tale) { t.job("1", 1, true); t.job("2", 1, true) }, "/Runs/migrate, fence 2, attempt 2: 1"},
		"two attempts at once": {func(t *tale) { t.job("1", 1, false); t.job("2", 1, true) }, ""},
		"no Job":               {func(*tale) {}, "- /Runs/migrate, fence 2, attempt 1: 1"},
		"a phase more":         {func(t *tale) { t.job("1", 1, true); t.superset("Verify", 2) }, "Verify, fence 2"},
		"another fence":        {func(t *tale) { t.job("1", 1, true); t.superset("DBMigrate", 3) }, "the fence of Superset goes from 3 to 2"},
		"two schedulers at once": {func(t *tale) {
			t.job("1", 1, true)
			for _, name := range []string{"a", "b"} {
				t.tell(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: ours("scheduler")}})
			}
		}, "2 schedulers exist at once"},
		"made and removed": {func(t *tale) {
			t.job("1", 1, true)
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: ours("")}}
			t.tell(true, false, cm)
			t.tell(false, true, cm.DeepCopy())
		}, "/Gone/ConfigMap: 1"},
		"other content": {func(t *tale) {
			t.job("1", 1, true)
			t.tell(true, false, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: ours("")}, Data: map[string]string{"k": "v"}})
		}, "/State/ConfigMap x/data/k: v"},
	} {
		got := story("u2", "ns2", 99, test.edit)
		if d := diff(usual, got); d == "" || !strings.Contains(d, test.says) {
			t.Errorf("%s: the difference does not say %q:\n%s", name, test.says, d)
		}
	}
	beside := func(t *tale) {
		t.tell(true, false, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "beat", Labels: ours("scheduler")}})
		t.job("1", 0, false)
	}
	if got := story("u", "n", 1, beside); len(got.Broken) == 0 || got.Broken[0] != "a scheduler exists while a Job changes the schema" {
		t.Errorf("a scheduler beside a migration: %v", got.Broken)
	}
	if got := story("u", "n", 1, func(t *tale) { t.job("1", 1, false); t.job("2", 1, false) }); len(got.Broken) != 1 {
		t.Errorf("two migrations under way: %v", got.Broken)
	}
}

// A write that lands late may bring the maintenance page once more, if it is gone
// again in the end; nothing else.
func TestALatePageIsGoneAgain(t *testing.T) {
	comes := func(component string, times int, goes bool) func(*tale) {
		return func(t *tale) {
			for range times {
				d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "bi-" + component, Labels: ours(component)}}
				t.tell(true, false, d)
				if goes {
					t.tell(false, true, d.DeepCopy())
				}
			}
		}
	}
	once := func(component string) facts { return story("u1", "ns1", 1, comes(component, 1, true)) }
	if d := diff(once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 2, true)).withoutLate(once("maintenance"))); d != "" {
		t.Errorf("a page that came and went twice differs:\n%s", d)
	}
	for name, test := range map[string]struct{ undisturbed, f facts }{
		"it stays":         {once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 2, false))},
		"three times":      {once("maintenance"), story("u2", "ns2", 2, comes("maintenance", 3, true))},
		"where none was":   {story("u1", "ns1", 1, func(*tale) {}), once("maintenance")},
		"something else's": {once("web"), story("u2", "ns2", 2, comes("web", 2, true))},
	} {
		if diff(test.undisturbed, test.f.withoutLate(test.undisturbed)) == "" {
			t.Errorf("%s: it is not seen", name)
		}
	}
}
