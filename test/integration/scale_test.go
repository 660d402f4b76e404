// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Scaling takes effect at once in every phase; each case stays in its phase until
// long after.
func TestScalingInEveryPhase(t *testing.T) {
	t.Parallel()
	inEveryPhase(t, func(t *testing.T, f *fixture, phase v1alpha1.Phase) {
		f.scale(3)
		f.scaled(3)
		if got := f.get().Status.Phase; got != phase {
			t.Errorf("web was scaled only in phase %s", got)
		}
	})
}

// scale sets a number of web pods.
func (f *fixture) scale(n int32) {
	f.t.Helper()
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Web.Replicas = &n })
}

// scaled waits until the web tier has the new number.
func (f *fixture) scaled(n int32) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("replicas of web: %d", n), func() bool {
		web := &v1alpha1.SupersetWebWorker{}
		must(f.t, k8s.Get(f.t.Context(), f.key, web))
		return *web.Spec.Replicas == n
	})
}
