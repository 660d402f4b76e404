// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller"
)

// An admission that refuses fixed ids, as OpenShift's restricted-v2 does, is quoted at once,
// and the Superset goes on when the policy is gone.
func TestAdmissionRefusesFixedIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	names := metav1.ObjectMeta{Name: "no-fixed-ids-" + f.ns}
	fail := admission.Fail
	policy := &admission.ValidatingAdmissionPolicy{ObjectMeta: names, Spec: admission.ValidatingAdmissionPolicySpec{
		FailurePolicy: &fail,
		MatchConstraints: &admission.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": f.ns}},
			ResourceRules: []admission.NamedRuleWithOperations{{RuleWithOperations: admission.RuleWithOperations{
				Operations: []admission.OperationType{admission.Create},
				Rule:       admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}}},
		},
		Validations: []admission.Validation{{
			Expression: "!has(object.spec.securityContext) || !has(object.spec.securityContext.runAsUser) && !has(object.spec.securityContext.fsGroup)",
			Message:    "1000 is not an allowed group",
		}},
	}}
	binding := &admission.ValidatingAdmissionPolicyBinding{ObjectMeta: names, Spec: admission.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: names.Name, ValidationActions: []admission.ValidationAction{admission.Deny}}}
	must(t, k8s.Create(t.Context(), policy))
	must(t, k8s.Create(t.Context(), binding))
	t.Cleanup(func() { _ = k8s.Delete(context.Background(), policy) })
	t.Cleanup(func() { _ = k8s.Delete(context.Background(), binding) })
	probe := foreignPod()
	eventually(t, "the policy holds", func() bool {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: f.ns}, Spec: probe.Spec}
		err := k8s.Create(t.Context(), pod)
		if err == nil {
			must(t, k8s.Delete(t.Context(), pod))
		}
		return err != nil && strings.Contains(err.Error(), "1000 is not an allowed group")
	})
	f.create("5.0.0")
	s := f.until("the refusal is quoted", func(s *v1alpha1.Superset) bool {
		return strings.Contains(f.message(s), "1000 is not an allowed group")
	})
	if s.Status.Phase != v1alpha1.PhaseValidate {
		t.Errorf("phase %s, want Validate", s.Status.Phase)
	}
	must(t, k8s.Delete(t.Context(), binding))
	f.ready("5.0.0")
}

// A real API server has no group of OpenShift, until a CRD brings it.
func TestInspectARealServer(t *testing.T) {
	t.Parallel()
	inspect := func() bool {
		p, err := controller.Inspect(control.REST(), controller.MinKubernetes)
		must(t, err)
		return p.AssignsIDs
	}
	if inspect() {
		t.Fatal("a plain API server assigns ids")
	}
	crd := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "securitycontextconstraints.security.openshift.io",
			"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, for a test"}},
		"spec": map[string]any{
			"group": "security.openshift.io", "scope": "Cluster",
			"names": map[string]any{"plural": "securitycontextconstraints", "singular": "securitycontextconstraints", "kind": "SecurityContextConstraints"},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}}},
		},
	}}
	must(t, k8s.Create(t.Context(), crd))
	t.Cleanup(func() { _ = k8s.Delete(context.Background(), crd) })
	eventually(t, "the group is found", inspect)
}
