// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The Service follows spec at rest, keeps its address, and starts no run. A new port starts one:
// the workers open dashboards there.
func TestService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	before, address := f.get().Status.UpgradeRevision, f.service().Spec.ClusterIP
	f.edit(service(v1alpha1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Annotations: map[string]string{"a": "b"}, Labels: map[string]string{"team": "data"}}))
	f.serviceIs("of type NodePort", func(s *corev1.Service) bool {
		return s.Spec.Type == corev1.ServiceTypeNodePort && s.Spec.Ports[0].NodePort > 0 && s.Annotations["a"] == "b" && s.Labels["team"] == "data"
	})
	f.edit(service(v1alpha1.ServiceSpec{}))
	f.serviceIs("of type ClusterIP", func(s *corev1.Service) bool {
		_, annotated := s.Annotations["a"]
		return s.Spec.Type == corev1.ServiceTypeClusterIP && s.Spec.Ports[0].NodePort == 0 && !annotated && s.Labels["team"] == ""
	})
	if s := f.get(); s.Status.UpgradeRevision != before || s.Status.Phase != v1alpha1.PhaseReady {
		t.Errorf("the Service started run %d, in phase %s", s.Status.UpgradeRevision, s.Status.Phase)
	}
	port := int32(80)
	f.edit(service(v1alpha1.ServiceSpec{Port: &port}))
	f.until("Ready with another port", func(s *v1alpha1.Superset) bool {
		return s.Status.UpgradeRevision > before && s.Status.Phase == v1alpha1.PhaseReady
	})
	f.serviceIs("on port 80 with the same address", func(s *corev1.Service) bool {
		return s.Spec.Ports[0].Port == port && s.Spec.Ports[0].TargetPort.StrVal == "http" && s.Spec.ClusterIP == address
	})
}

func service(spec v1alpha1.ServiceSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Web.Service = spec }
}

func (f *fixture) service() *corev1.Service {
	f.t.Helper()
	s := &corev1.Service{}
	must(f.t, k8s.Get(f.t.Context(), f.key, s))
	return s
}

func (f *fixture) serviceIs(what string, is func(*corev1.Service) bool) {
	f.t.Helper()
	eventually(f.t, "a Service "+what, func() bool { return is(f.service()) })
}
