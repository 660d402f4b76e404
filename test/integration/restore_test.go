// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A backup tool restores objects without status, whose owner references name uids that do
// not exist any more. The garbage collector deletes them, and the operator makes them
// again. It ends Ready without a person, and the schema is not changed.
func TestRestoredByABackupTool(t *testing.T) {
	t.Parallel()
	kinds := map[string][]client.ObjectList{
		"components and ConfigMaps": {&corev1.ConfigMapList{}, &v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{}},
		"everything": {&corev1.ConfigMapList{}, &v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{},
			&appsv1.ControllerRevisionList{}, &appsv1.DeploymentList{}, &batchv1.JobList{}, &corev1.ServiceList{}},
		"only the Superset": {},
	}
	for name, lists := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.edit(version("6.0.0"))
			s := f.ready("6.0.0")
			saved := f.saved(lists)
			must(t, k8s.Delete(t.Context(), s.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationForeground)))
			eventually(t, "everything is deleted", func() bool { return len(f.made()) == 0 && k8s.Get(t.Context(), f.key, &v1alpha1.Superset{}) != nil })
			f.rec.forget()
			for _, obj := range append(saved, restorable(s)) { // an existing object is skipped
				must(t, client.IgnoreAlreadyExists(k8s.Create(t.Context(), obj)))
			}
			again := f.ready("6.0.0")
			f.runs("6.0.0")
			if again.UID == s.UID {
				t.Fatal("the Superset was not restored")
			}
			if got := simulated.Revision(f.ns, "bi"); got != head6 || again.Status.Upgrade.PendingMigrations != 0 {
				t.Errorf("the database is at %s after %d migrations", got, again.Status.Upgrade.PendingMigrations)
			}
			if !phasesWithout(f.rec.phases(), v1alpha1.PhaseFailed) {
				t.Errorf("phases %v", f.rec.phases())
			}
			for _, obj := range f.saved(lists) {
				if owner := metav1.GetControllerOf(obj); owner != nil && owner.UID == s.UID {
					t.Errorf("%T %s still has the old owner", obj, obj.GetName())
				}
			}
			f.settled()
			f.scale(3)
			f.scaled(3)
			f.ready("6.0.0")
		})
	}
}

// saved are the objects of the Superset as a backup tool saves them.
func (f *fixture) saved(lists []client.ObjectList) (out []client.Object) {
	f.t.Helper()
	for _, list := range lists {
		list = list.DeepCopyObject().(client.ObjectList)
		must(f.t, k8s.List(f.t.Context(), list, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelInstance: "bi"}))
		must(f.t, meta.EachListItem(list, func(o runtime.Object) error {
			out = append(out, restorable(o.(client.Object)))
			return nil
		}))
	}
	return out
}

// restorable is an object that can be created again, owner references included.
func restorable(obj client.Object) client.Object {
	obj = obj.DeepCopyObject().(client.Object)
	obj.SetUID("")
	obj.SetResourceVersion("")
	obj.SetManagedFields(nil)
	obj.SetFinalizers(nil)
	switch o := obj.(type) {
	case *batchv1.Job: // the API server sets its selector
		o.Spec.Selector, o.Spec.ManualSelector = nil, nil
		delete(o.Spec.Template.Labels, "controller-uid")
		delete(o.Spec.Template.Labels, "batch.kubernetes.io/controller-uid")
		delete(o.Labels, "batch.kubernetes.io/controller-uid")
	case *corev1.Service:
		o.Spec.ClusterIP, o.Spec.ClusterIPs = "", nil
	}
	return obj
}

func phasesWithout(phases []v1alpha1.Phase, not v1alpha1.Phase) bool {
	for _, p := range phases {
		if p == not {
			return false
		}
	}
	return true
}
