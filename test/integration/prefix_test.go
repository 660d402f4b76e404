// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// A new prefix of the keys in Redis is a Drain, although Rolling is requested: every tier stops
// before one starts with it. Every pod has it then, and without it none has the variable.
func TestKeyPrefixDrains(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0", strategy(v1alpha1.StrategyRolling))
	for _, prefix := range []string{"bi", ""} {
		before := f.get().Status.Release
		f.rec.forget()
		f.edit(func(s *v1alpha1.Superset) { s.Spec.Cache.KeyPrefix = prefix })
		s := f.until("Ready with the prefix", func(s *v1alpha1.Superset) bool {
			return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != before
		})
		if u := s.Status.Upgrade; u.Kind != v1alpha1.KindConfigChange || u.Plan.Strategy != v1alpha1.StrategyDrain {
			t.Errorf("a %s as %s: %s", u.Kind, u.Plan.Strategy, u.Plan.StrategyReason)
		}
		f.drainedBefore("migrate")
		for _, d := range components.Catalog {
			got := ""
			for _, v := range f.deploymentOf(d.Name).Spec.Template.Spec.Containers[0].Env {
				if v.Name == "SUPERSET_CACHE_KEY_PREFIX" {
					got = v.Value
				}
			}
			if got != prefix {
				t.Errorf("%s has the prefix %q, want %q", d.Name, got, prefix)
			}
		}
	}
}
