// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Deleting a Superset, in any phase, removes all objects that were created for
// it, and no others.
func TestDeletionInEveryPhase(t *testing.T) {
	t.Parallel()
	inEveryPhase(t, func(t *testing.T, f *fixture, _ v1alpha1.Phase) {
		if len(f.made()) < 10 {
			t.Fatalf("only %v were created", f.made())
		}
		must(t, k8s.Delete(t.Context(), f.get()))
		eventually(t, "all its objects are deleted", func() bool { return len(f.made()) == 0 })
		must(t, k8s.Get(t.Context(), f.key, &corev1.Secret{}))
	})
}

// made lists the objects of the Superset, by label.
func (f *fixture) made() []string {
	f.t.Helper()
	var out []string
	for _, list := range []client.ObjectList{
		&v1alpha1.SupersetWebWorkerList{}, &v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{},
		&appsv1.DeploymentList{}, &appsv1.ReplicaSetList{}, &appsv1.ControllerRevisionList{}, &batchv1.JobList{},
		&corev1.PodList{}, &corev1.ConfigMapList{}, &corev1.ServiceList{},
	} {
		must(f.t, k8s.List(f.t.Context(), list, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelInstance: "bi"}))
		must(f.t, meta.EachListItem(list, func(o runtime.Object) error {
			out = append(out, fmt.Sprintf("%T %s", o, o.(client.Object).GetName()))
			return nil
		}))
	}
	return out
}
