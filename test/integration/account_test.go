// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// account asks for an account of the pods.
func account(spec v1alpha1.ServiceAccountSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.ServiceAccount = &spec }
}

// An account is made before the first pod, and its annotations follow spec without a run. All
// pods that run Superset run as it. It is there for as long as a stored release names it.
func TestServiceAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const role = "a.example/role"
	one := int32(1)
	f.install("5.0.0", account(v1alpha1.ServiceAccountSpec{Annotations: map[string]string{role: "reader"}}),
		func(s *v1alpha1.Superset) { s.Spec.HistoryLimit = &one })
	made := func() *corev1.ServiceAccount {
		out := &corev1.ServiceAccount{}
		must(t, k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi"}, out))
		return out
	}
	first, before := made(), f.get()
	if first.Annotations[role] != "reader" || !metav1.IsControlledBy(first, before) || first.AutomountServiceAccountToken == nil || *first.AutomountServiceAccountToken {
		t.Errorf("the account is %+v", first)
	}
	f.runAs("bi")

	f.edit(account(v1alpha1.ServiceAccountSpec{Annotations: map[string]string{role: "writer"}}))
	eventually(t, "the annotations follow", func() bool { return made().Annotations[role] == "writer" })
	f.ready("5.0.0")
	if after := f.get().Status; after.UpgradeRevision != before.Status.UpgradeRevision || after.Release != before.Status.Release {
		t.Errorf("an annotation was a run: %d and then %d", before.Status.UpgradeRevision, after.UpgradeRevision)
	}

	f.edit(func(s *v1alpha1.Superset) { s.Spec.ServiceAccount = nil })
	f.until("a run without the account", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != before.Status.Release
	})
	if made().UID != first.UID {
		t.Error("the account was made anew")
	}
	for _, text := range []string{"ROW_LIMIT = 1\n", "ROW_LIMIT = 2\n"} {
		f.edit(func(s *v1alpha1.Superset) { s.Spec.Config.Raw = text })
		f.ready("5.0.0")
	}
	eventually(t, "the account is gone with the last release that names it", func() bool {
		return apierrors.IsNotFound(k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi"}, &corev1.ServiceAccount{}))
	})
}

// runAs checks the account of every pod of the tiers and of the Jobs.
func (f *fixture) runAs(name string) {
	f.t.Helper()
	var pods corev1.PodList
	must(f.t, k8s.List(f.t.Context(), &pods, client.InNamespace(f.ns)))
	of := map[string]int{}
	for _, pod := range pods.Items {
		of[pod.Labels[v1alpha1.LabelComponent]]++
		if pod.Spec.ServiceAccountName != name {
			f.t.Errorf("pod %s runs as %s, want %s", pod.Name, pod.Spec.ServiceAccountName, name)
		}
	}
	for _, component := range []string{string(components.Web), string(components.Worker), string(components.Scheduler), "job"} {
		if of[component] == 0 {
			f.t.Errorf("no pod of %s: %v", component, of)
		}
	}
}
