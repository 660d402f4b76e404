// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// situations are snapshots that an operator decides on again and again: at rest, and while
// it waits for a Job or a tier.
func situations() map[string]*state.Snapshot {
	out := map[string]*state.Snapshot{}
	for _, phase := range v1alpha1.Phases {
		o := statetest.Upgrade(phase)
		out[string(phase)] = state.Of(o)
	}
	return out
}

var sink lifecycle.Decision

func BenchmarkDecide(b *testing.B) {
	for name, s := range situations() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = Decide(s)
			}
		})
	}
}
