// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The results of Verify are reported in status, and a container restart during
// the soak rolls the release back.
func TestChecksAndSoak(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	reader := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "reader", Namespace: f.ns},
		StringData: map[string]string{"username": "example", "password": "example"}}
	must(t, k8s.Create(t.Context(), reader))
	asked := func(s *v1alpha1.Superset) {
		s.Spec.Upgrade.Verify.LoginFrom, s.Spec.Upgrade.Verify.Charts = &v1alpha1.LoginReference{Name: "reader"}, []int32{12, 7}
	}
	f.install("5.0.0", asked)
	f.checked(f.get(), "Revision", "AnonymousAPI", "LoginPage", "Pods")
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	f.checked(s, "Revision", "AnonymousAPI", "LoginPage", "Login", "Charts", "Pods")
	if want := "12:0123abcd:3,7:0123abcd:3"; s.Status.Upgrade.Charts != want || s.Status.Upgrade.Checks[4].Detail != "before the upgrade: "+want {
		t.Errorf("charts %q, %+v", s.Status.Upgrade.Charts, s.Status.Upgrade.Checks[4])
	}
	f.rec.forget()
	f.edit(config("ROW_LIMIT = 5000\n"), soak(time.Hour))
	f.restarted("web", f.phase(v1alpha1.PhaseVerify))
	s = f.rolledBack("6.0.0")
	f.failedWith(s, failure{phase: v1alpha1.PhaseVerify, reason: "CheckFailed", message: "a web pod was restarted: container superset ended with exit code 137 (OOMKilled)"})
	f.checked(s, "Revision", "AnonymousAPI", "LoginPage", "Pods")
	said := false
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok && s.Status.Upgrade != nil {
			said = said || slices.ContainsFunc(s.Status.Upgrade.Checks, func(c v1alpha1.CheckStatus) bool { return c.Name == "Restarts" && !c.OK })
		}
	}
	if !said {
		t.Error("status never named the failed check")
	}
}

// A condition that already holds before the upgrade stops it before anything is
// touched. A condition that does not hold is checked again at the end. A first
// install checks none.
func TestQueries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "metrics", Namespace: f.ns}, StringData: map[string]string{"token": "example"}}
	must(t, k8s.Create(t.Context(), token))
	ask := func(expr string) func(*v1alpha1.Superset) {
		return func(s *v1alpha1.Superset) {
			queries("http://prometheus.example.com:9090/api", "errors", "down")(s)
			s.Spec.Upgrade.Verify.Prometheus.Queries[1].Expr = expr
			s.Spec.Upgrade.Verify.Prometheus.TokenFrom = &v1alpha1.SecretKeyReference{Name: "metrics", Key: "token"}
		}
	}
	f.install("5.0.0", ask("vector(1) > 0"))
	f.checked(f.get(), "Revision", "AnonymousAPI", "LoginPage", "Pods")
	f.edit(version("6.0.0"))
	s := f.failed(failure{phase: v1alpha1.PhaseValidate, reason: "QueryFailed", message: "query down of spec.upgrade.verify.prometheus holds: 1 of {}: wait until it does not hold"})
	if s.Status.Version != "5.0.0" || s.Status.Upgrade.Touched {
		t.Errorf("version %s, touched %v", s.Status.Version, s.Status.Upgrade.Touched)
	}
	expr := `up{job=~"superset$"} == 0`
	f.edit(ask(expr), annotation(v1alpha1.AnnotationRetry, "again"))
	s = f.ready("6.0.0")
	f.checked(s, "Revision", "AnonymousAPI", "LoginPage", "Query/errors", "Query/down", "Pods")
	if got := s.Status.Upgrade.Checks[4].Detail; got != expr {
		t.Errorf("the Job got the expression %q, want %q", got, expr)
	}
}

// queries adds conditions to Verify; none of them holds.
func queries(url string, names ...string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		p := &v1alpha1.PrometheusSpec{URL: url}
		for _, name := range names {
			p.Queries = append(p.Queries, v1alpha1.PrometheusQuery{Name: name, Expr: "vector(0) > 0"})
		}
		s.Spec.Upgrade.Verify.Prometheus = p
	}
}

// checked requires these checks in status, all of them passed.
func (f *fixture) checked(s *v1alpha1.Superset, want ...string) {
	f.t.Helper()
	var got []string
	for _, c := range s.Status.Upgrade.Checks {
		got = append(got, c.Name)
		if !c.OK {
			f.t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("checks (-want +got):\n%s", diff)
	}
}

// restarted writes what a kubelet reports for a pod whose container was killed
// and restarted after the current phase of s began.
func (f *fixture) restarted(component string, s *v1alpha1.Superset) {
	f.t.Helper()
	var pods corev1.PodList
	must(f.t, k8s.List(f.t.Context(), &pods, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelComponent: component}))
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp != nil {
			continue
		}
		before := pod.DeepCopy()
		c := &pod.Status.ContainerStatuses[0]
		c.RestartCount++
		c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled",
			FinishedAt: metav1.NewTime(s.Status.PhaseSince.Add(2 * time.Second))}
		must(f.t, k8s.Status().Patch(f.t.Context(), pod, client.MergeFrom(before)))
		return
	}
	f.t.Fatalf("no %s pod to restart", component)
}

func soak(d time.Duration) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Verify.Soak = lasts(d) }
}
