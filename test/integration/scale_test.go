// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Scaling passes at once, whatever the machine is doing; each case stays in its
// phase until long after.
func TestScalingPassesInEveryPhase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		phase v1alpha1.Phase
		edits []func(*v1alpha1.Superset)
	}{
		{v1alpha1.PhaseReady, nil},
		{v1alpha1.PhaseValidate, []func(*v1alpha1.Superset){version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s")}},
		{v1alpha1.PhaseDBMigrate, []func(*v1alpha1.Superset){version("6.0.0"), tag("6.0.0-migrate-hangs")}},
		{v1alpha1.PhaseUpgradeScheduler, []func(*v1alpha1.Superset){config("ROW_LIMIT = 1\n")}},
		{v1alpha1.PhaseUpgradeWorkers, []func(*v1alpha1.Superset){version("6.0.0"), tag("6.0.0-worker-unready")}},
		{v1alpha1.PhaseUpgradeWeb, []func(*v1alpha1.Superset){version("6.0.0"), tag("6.0.0-web-unready")}},
		{v1alpha1.PhaseVerify, []func(*v1alpha1.Superset){version("6.0.0"), slowVerify}},
		{v1alpha1.PhaseFailed, []func(*v1alpha1.Superset){version("6.0.0"), tag("6.0.0-preflight-fails")}},
	} {
		t.Run(string(test.phase), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0", strategy(v1alpha1.StrategyRolling), func(s *v1alpha1.Superset) {
				if test.phase == v1alpha1.PhaseUpgradeScheduler {
					endsSlowly("8s")(s)
				}
			})
			if test.edits != nil {
				f.edit(test.edits...)
			}
			f.phase(test.phase)
			f.scale(3)
			f.scaled(3)
			if got := f.get().Status.Phase; got != test.phase {
				t.Errorf("it was scaled in phase %s only", got)
			}
		})
	}
}

// scale asks for a number of web pods.
func (f *fixture) scale(n int32) {
	f.t.Helper()
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Web.Replicas = &n })
}

// scaled waits until the web tier was told so.
func (f *fixture) scaled(n int32) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("web is told to have %d pods", n), func() bool {
		web := &v1alpha1.SupersetWebWorker{}
		must(f.t, k8s.Get(f.t.Context(), f.key, web))
		return *web.Spec.Replicas == n
	})
}

// slowVerify makes verify go on for good.
func slowVerify(s *v1alpha1.Superset) { jobs(annotationVerifyHangs, "")(s) }
