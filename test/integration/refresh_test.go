// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// A new refresh is a run that restarts every tier, with the release before as its rollback target.
func TestRefresh(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	release, before := f.get().Status.Release, f.templates()
	f.rec.forget()
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Refresh = "2026-11-29" })
	s := f.until("Ready after the refresh", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != release
	})
	if s.Status.Upgrade.Kind != v1alpha1.KindConfigChange || s.Status.Upgrade.FromRelease != release {
		t.Errorf("a refresh is a %s from release %s, want one from %s", s.Status.Upgrade.Kind, s.Status.Upgrade.FromRelease, release)
	}
	want := []v1alpha1.Phase{"Ready", "Validate", "UpgradeScheduler", "UpgradeWorkers", "UpgradeWeb", "Verify", "Ready"}
	if diff := cmp.Diff(want, f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	after := f.templates()
	for i, d := range components.Catalog {
		if after[i] == before[i] {
			t.Errorf("%s was not restarted", d.Name)
		}
	}
}
