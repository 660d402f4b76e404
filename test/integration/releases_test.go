// SPDX-License-Identifier: Apache-2.0

//go:build releases

package integration

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// Another operator release that renders every spec differently leaves alone what failed or
// was rolled back, and rolls the others out one after the other, in stages; and so does the
// first one after it.
func TestOperatorReleases(t *testing.T) {
	next, err := newOperator(context.Background(), t.TempDir(), "nextrenderer")
	must(t, err)
	back, failed := newFixture(t), newFixture(t)
	ready := []*fixture{newFixture(t), newFixture(t), newFixture(t)}
	for _, f := range append(ready, back, failed) {
		f.create("5.0.0", strategy(v1alpha1.StrategyRolling))
	}
	for _, f := range append(ready, back, failed) {
		f.ready("5.0.0")
	}
	back.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	failed.edit(version("6.0.0"), tag("6.0.0-preflight-fails"))
	held := map[*fixture]int64{back: back.rolledBack("5.0.0").Status.UpgradeRevision, failed: failed.phase(v1alpha1.PhaseFailed).Status.UpgradeRevision}
	defer func() { must(t, operator.start()) }()
	for i, p := range []*process{next, operator} {
		operator.kill()
		next.kill()
		must(t, p.start())
		for _, f := range ready {
			f.rollsAlone(ready, i+1)
		}
		for f, revision := range held {
			if s := f.get(); s.Status.UpgradeRevision != revision {
				t.Errorf("%s: revision %d, it was held at %d: %s", s.Status.Phase, s.Status.UpgradeRevision, revision, f.message(s))
			}
		}
	}
	operator.kill()
}

// rollsAlone waits until a Superset has had so many config rollouts, and checks that never
// two of them hold a slot.
func (f *fixture) rollsAlone(all []*fixture, rollouts int) {
	f.t.Helper()
	eventually(f.t, "a rollout of the operator", func() bool {
		var list v1alpha1.SupersetList
		must(f.t, k8s.List(f.t.Context(), &list))
		held := 0
		for i := range list.Items {
			for _, one := range all {
				if client.ObjectKeyFromObject(&list.Items[i]) == one.key && lifecycle.HoldsSlot(&list.Items[i]) == v1alpha1.SlotRollout {
					held++
				}
			}
		}
		if held > 1 {
			f.t.Errorf("%d Supersets are rolled out at a time", held)
		}
		n := 0
		for _, h := range f.get().Status.History {
			if h.Kind == v1alpha1.KindConfigChange && h.Result == v1alpha1.ResultSucceeded {
				n++
			}
		}
		return n == rollouts
	})
	f.ready("5.0.0")
	f.runs("5.0.0")
}
