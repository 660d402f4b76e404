// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A deleted ControllerRevision of the release that runs is stored again, as it was. No
// ConfigMap is deleted, and scaling takes effect.
func TestDeletedRevisionIsStoredAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	before, configs := f.revision(s.Status.Release), f.configMaps()
	must(t, k8s.Delete(t.Context(), before.DeepCopy()))
	f.scale(4)
	f.scaled(4)
	var after *appsv1.ControllerRevision
	eventually(t, "the release is stored again", func() bool {
		after = f.revision(s.Status.Release)
		return after != nil && after.UID != before.UID
	})
	if diff := cmp.Diff(before.Annotations, after.Annotations); diff != "" || string(before.Data.Raw) != string(after.Data.Raw) || before.Revision != after.Revision {
		t.Errorf("it differs (-before +after):\n%s", diff)
	}
	s = f.ready("6.0.0")
	if s.Status.UpgradeRevision != 2 {
		t.Errorf("fence %d: a run was started", s.Status.UpgradeRevision)
	}
	f.keeps(configs)
	f.settled()
}

// A deleted ControllerRevision of the previous release makes a rollback unavailable, and
// its ConfigMap stays.
func TestDeletedRevisionOfPreviousRelease(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", config("ROW_LIMIT = 1\n"))
	f.edit(version("6.0.0"), config("ROW_LIMIT = 2\n"))
	s := f.ready("6.0.0")
	configs := f.configMaps()
	must(t, k8s.Delete(t.Context(), f.revision(s.Status.PreviousRelease)))
	s = f.until("no rollback", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionRollbackAvailable).Status == metav1.ConditionFalse
	})
	c := condition(s, v1alpha1.ConditionRollbackAvailable)
	if c.Reason != v1alpha1.ReasonReleaseMissing {
		t.Errorf("%+v", c)
	}
	contains(t, c.Message, "bi-"+s.Status.PreviousRelease)
	f.scale(4)
	f.scaled(4)
	f.ready("6.0.0")
	f.keeps(configs)
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.until("the token is handled", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == "now" })
	f.ready("6.0.0")
}

// The release that runs is not what spec asks for, and its ControllerRevision is deleted:
// in RolledBack and Failed. It is reported, nothing is deleted, and scaling takes effect
// even after a restart of the operator. Spec that asks for it again stores it again. Not
// parallel: it restarts the operator.
func TestDeletedRevisionThatSpecDoesNotAskFor(t *testing.T) {
	back, fails, waits := newFixture(t), newFixture(t), newFixture(t)
	all := []*fixture{back, fails, waits}
	for _, f := range all {
		f.create("5.0.0", config("ROW_LIMIT = 1\n"))
	}
	for _, f := range all {
		f.ready("5.0.0")
	}
	broken := []func(*v1alpha1.Superset){version("6.0.0"), tag("6.0.0-verify-fails"), config("ROW_LIMIT = 2\n")}
	back.edit(broken...)
	fails.edit(append([]func(*v1alpha1.Superset){hold}, version("6.0.0"), tag("6.0.0-preflight-fails"), config("ROW_LIMIT = 2\n"))...)
	waits.edit(version("6.0.0"), config("ROW_LIMIT = 2\n"), approval(v1alpha1.ApprovalAlways))
	back.rolledBack("5.0.0")
	fails.phase(v1alpha1.PhaseFailed)
	waits.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	for _, f := range all {
		f.settled()
	}
	configs := map[*fixture][]string{}
	operator.kill()
	for _, f := range all {
		configs[f] = f.configMaps()
		must(t, k8s.Delete(t.Context(), f.revision(f.get().Status.Release)))
	}
	must(t, operator.start())
	for _, f := range all {
		f.scale(4)
		f.scaled(4)
		s := f.until("the missing release is reported", func(s *v1alpha1.Superset) bool {
			return s.Status.ObservedGeneration == s.Generation && condition(s, v1alpha1.ConditionReady).Status == metav1.ConditionFalse &&
				condition(s, v1alpha1.ConditionReleaseStored).Status == metav1.ConditionFalse
		})
		c := condition(s, v1alpha1.ConditionReleaseStored)
		contains(t, c.Message, "ControllerRevision bi-"+s.Status.Release, "spec")
		f.keeps(configs[f])
		f.edit(version("5.0.0"), tag(""), config("ROW_LIMIT = 1\n"))
	}
	for _, f := range all {
		s := f.ready("5.0.0")
		eventually(t, "the release is stored again", func() bool { return f.revision(s.Status.Release) != nil })
		f.keeps(configs[f][:1])
		f.until("the condition goes", func(s *v1alpha1.Superset) bool {
			return condition(s, v1alpha1.ConditionReleaseStored).Type == ""
		})
	}
}

// revision is the ControllerRevision of a release; nil for none.
func (f *fixture) revision(hash string) *appsv1.ControllerRevision {
	f.t.Helper()
	r := &appsv1.ControllerRevision{}
	err := k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi-" + hash}, r)
	must(f.t, client.IgnoreNotFound(err))
	if err != nil {
		return nil
	}
	return r
}

// configMaps are the ConfigMaps that the operator created, as name and uid, the oldest first.
func (f *fixture) configMaps() []string {
	f.t.Helper()
	var list corev1.ConfigMapList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelInstance: "bi"}))
	slices.SortStableFunc(list.Items, func(a, b corev1.ConfigMap) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	var out []string
	for i := range list.Items {
		out = append(out, list.Items[i].Name+" "+string(list.Items[i].UID))
	}
	return out
}

// keeps requires that ConfigMaps still exist.
func (f *fixture) keeps(before []string) {
	f.t.Helper()
	after := f.configMaps()
	for _, cm := range before {
		if !slices.Contains(after, cm) {
			f.t.Errorf("ConfigMap %s was deleted", cm)
		}
	}
}
