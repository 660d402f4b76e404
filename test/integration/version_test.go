// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A rejected version touches nothing, and the upgrade starts as soon as the rule
// is lifted.
func TestVersionRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to, reason, message string
		lift                      func(*v1alpha1.Superset)
		supported                 metav1.ConditionStatus
	}{
		{"6.1.0", "7.0.0", v1alpha1.ReasonUnsupportedVersion, "set spec.upgrade.allowUnsupportedVersion",
			func(s *v1alpha1.Superset) { s.Spec.Upgrade.AllowUnsupportedVersion = true }, metav1.ConditionFalse},
		{"4.1.4", "6.0.0", v1alpha1.ReasonVersionSkip, "upgrade to 5 first, or set spec.upgrade.allowVersionSkip",
			func(s *v1alpha1.Superset) { s.Spec.Upgrade.AllowVersionSkip = true }, metav1.ConditionTrue},
	} {
		t.Run(test.reason, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install(test.from)
			f.edit(version(test.to))
			s := f.failed(failure{phase: v1alpha1.PhaseValidate, reason: test.reason, message: test.message})
			if c := condition(s, v1alpha1.ConditionVersionSupported); c.Status != test.supported {
				t.Errorf("VersionSupported: %+v", c)
			}
			f.runs(test.from)
			f.jobsOf("preflight", 1)
			f.edit(test.lift)
			f.ready(test.to)
		})
	}
}

// A lower version that no stored release has is rejected; setting the running
// version again clears that.
func TestDowngradeRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	f.edit(version("5.0.0"))
	f.failed(failure{phase: v1alpha1.PhaseValidate, reason: v1alpha1.ReasonDowngradeRefused, message: "no stored release has it"})
	f.runs("6.0.0")
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	if s.Status.Upgrade.Failure != nil {
		t.Errorf("failure: %+v", s.Status.Upgrade.Failure)
	}
}

// Setting spec.version to the version of a stored release is a rollback to it.
func TestLoweredVersionIsARollback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.rec.forget()
	f.edit(version("5.0.0"))
	s := f.ready("5.0.0")
	f.runs("5.0.0")
	f.rollbackInOrder("5.0.0")
	f.neverTwoBeats()
	if line := s.Status.History[0]; line.Kind != v1alpha1.KindRollback || line.From != "6.0.0" || line.To != "5.0.0" {
		t.Errorf("history: %+v", line)
	}
	f.jobsOf("migrate", 2)
}
