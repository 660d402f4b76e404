// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// kstatus, which Helm, Flux and Argo CD use, computes for every recorded state:
// Current only once spec is applied, Failed only when manual intervention is
// needed.
func TestKstatus(t *testing.T) {
	t.Parallel()
	good, rolls, holds := newFixture(t), newFixture(t), newFixture(t)
	for _, f := range []*fixture{good, rolls, holds} {
		f.create("5.0.0")
	}
	for _, f := range []*fixture{good, rolls, holds} {
		f.ready("5.0.0")
	}
	good.edit(version("6.0.0"))
	rolls.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	holds.edit(version("6.0.0"), tag("6.0.0-migrate-fails"), hold)
	good.ready("6.0.0")
	rolls.rolledBack("5.0.0")
	holds.phase(v1alpha1.PhaseFailed)
	good.edit(paused(true), version("6.1.0"))
	good.until("Paused", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonPaused
	})
	seen := map[v1alpha1.Phase]map[status.Status]bool{}
	for _, f := range []*fixture{good, rolls, holds} {
		for _, c := range f.rec.changes() {
			switch o := c.obj.(type) {
			case *v1alpha1.Superset:
				got := computed(t, o)
				if want := expected(o); got != want {
					t.Errorf("phase %q, generation %d observed %d, %+v: %s, want %s", o.Status.Phase, o.Generation, o.Status.ObservedGeneration,
						condition(o, v1alpha1.ConditionReady), got, want)
				}
				if seen[o.Status.Phase] == nil {
					seen[o.Status.Phase] = map[status.Status]bool{}
				}
				seen[o.Status.Phase][got] = true
			case v1alpha1.Component:
				if c.gone {
					continue
				}
				if got, want := computed(t, o), expectedOf(o); got != want {
					t.Errorf("%T, generation %d, %+v: %s, want %s", o, o.GetGeneration(), o.ComponentStatus(), got, want)
				}
			}
		}
	}
	for _, p := range v1alpha1.Phases {
		want := status.InProgressStatus
		switch p {
		case v1alpha1.PhasePending: // a new object that was not reconciled yet
			p = ""
		case v1alpha1.PhaseReady:
			want = status.CurrentStatus
		case v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack:
			want = status.FailedStatus
		default:
		}
		if !seen[p][want] {
			t.Errorf("phase %q was never %s: %v", p, want, seen[p])
		}
	}
}

// expected is the status that a state must have: Current when the requested spec
// runs, Failed when manual intervention is needed, otherwise InProgress.
func expected(s *v1alpha1.Superset) status.Status {
	switch {
	case s.Status.ObservedGeneration != s.Generation:
		return status.InProgressStatus
	case s.Status.Phase == v1alpha1.PhaseFailed, s.Status.Phase == v1alpha1.PhaseRolledBack:
		return status.FailedStatus
	case s.Status.Phase == v1alpha1.PhaseReady && s.Status.Version == s.Spec.Version && condition(s, v1alpha1.ConditionReady).Status == metav1.ConditionTrue:
		return status.CurrentStatus
	default:
		return status.InProgressStatus
	}
}

func expectedOf(c v1alpha1.Component) status.Status {
	for _, have := range c.ComponentStatus().Conditions {
		if have.Type == v1alpha1.ConditionReady && have.Status == metav1.ConditionTrue && c.ComponentStatus().ObservedGeneration == c.GetGeneration() {
			return status.CurrentStatus
		}
	}
	return status.InProgressStatus
}

func computed(t *testing.T, o runtime.Object) status.Status {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	must(t, err)
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	must(t, err)
	return result.Status
}
