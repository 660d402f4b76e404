// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A webhook that does not answer refuses what the operator writes with an error that could
// pass. While it lasts it is in the status, by one write; what it does not concern goes on.
func TestWebhookThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	url, fail, none, seconds := "https://127.0.0.1:1/", admission.Fail, admission.SideEffectClassNone, int32(1)
	hook := &admission.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "unreachable-" + f.ns}, Webhooks: []admission.ValidatingWebhook{{
		Name: "unreachable.test.example", ClientConfig: admission.WebhookClientConfig{URL: &url}, FailurePolicy: &fail, SideEffects: &none,
		TimeoutSeconds: &seconds, AdmissionReviewVersions: []string{"v1"},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": f.ns}},
		Rules: []admission.RuleWithOperations{{Operations: []admission.OperationType{admission.Update},
			Rule: admission.Rule{APIGroups: []string{v1alpha1.GroupVersion.Group}, APIVersions: []string{"*"}, Resources: []string{"supersetasyncworkers"}}}},
	}}}
	must(t, k8s.Create(t.Context(), hook))
	t.Cleanup(func() { _ = k8s.Delete(context.Background(), hook) })
	three := int32(3)
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Worker.Replicas, s.Spec.Web.Replicas = &three, &three })
	s := f.until("the error is in the status", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonReconcileError
	})
	contains(t, f.message(s), "failed calling webhook")
	web := &v1alpha1.SupersetWebWorker{}
	eventually(t, "web has three replicas", func() bool {
		must(t, k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi"}, web))
		return web.Status.ReadyReplicas == 3
	})
	must(t, k8s.Delete(t.Context(), hook))
	f.ready("5.0.0")
}
