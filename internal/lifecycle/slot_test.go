// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// A run that waits for a person or a window holds no slot: others must not wait for it.
func TestHoldsSlot(t *testing.T) {
	done := int64(1)
	for name, c := range map[string]struct {
		edit func(*v1alpha1.Superset)
		want v1alpha1.SlotKind
	}{
		"moving":        {func(*v1alpha1.Superset) {}, v1alpha1.SlotUpgrade},
		"idle":          {func(s *v1alpha1.Superset) { s.Status.Phase = v1alpha1.PhaseFailed }, ""},
		"paused":        {func(s *v1alpha1.Superset) { s.Spec.Paused = true }, ""},
		"being deleted": {func(s *v1alpha1.Superset) { s.DeletionTimestamp = &metav1.Time{} }, ""},
		"at a gate":     {func(s *v1alpha1.Superset) { s.Status.Upgrade.Phases[0].Seconds = &done }, ""},
		"asks about a loss": {func(s *v1alpha1.Superset) {
			s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAwaitingApproval, Status: metav1.ConditionTrue}}
		}, ""},
	} {
		s := &v1alpha1.Superset{Status: v1alpha1.SupersetStatus{Phase: v1alpha1.PhaseUpgradeWorkers, Upgrade: &v1alpha1.UpgradeStatus{
			Slot: v1alpha1.SlotUpgrade, Phases: []v1alpha1.PhaseRecord{{Phase: v1alpha1.PhaseUpgradeWorkers}}}}}
		c.edit(s)
		if got := HoldsSlot(s); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
