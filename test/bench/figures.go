// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// results are what a run measured.
type results struct {
	began       time.Time
	took        time.Duration
	ended       error // why the run ended before its last part; nil for a complete one
	machine     machine
	manifest    manifest
	environment []string

	decide   []decision
	fleets   []*fleet
	failover *failover
	foreign  *foreign
}

// quantile is the smallest value that is not below a share q of all of them, from 0 to 1;
// 0 for none.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// addedBy lists, by phase, what the operator added to each ended phase, and how long they
// lasted.
func addedBy(all []phaseTime) (added, whole map[v1alpha1.Phase][]time.Duration) {
	added, whole = map[v1alpha1.Phase][]time.Duration{}, map[v1alpha1.Phase][]time.Duration{}
	for _, p := range all {
		added[p.phase] = append(added[p.phase], p.added)
		whole[p.phase] = append(whole[p.phase], p.whole)
	}
	return added, whole
}

// perUpgrade divides a total, in any unit, by the number of Supersets.
func perUpgrade[T int | time.Duration](total T, n int) float64 {
	return float64(total) / float64(max(n, 1))
}

// slope is the memory per Superset between two fleets of one layout, in KiB; ok is false when
// there are not two sizes.
func slope(fleets []*fleet) (kib float64, ok bool) {
	var shared []*fleet
	for _, f := range fleets {
		if f.shared && f.upgrade.memory > 0 {
			shared = append(shared, f)
		}
	}
	if len(shared) < 2 {
		return 0, false
	}
	slices.SortFunc(shared, func(a, b *fleet) int { return cmp.Compare(a.n, b.n) })
	small, large := shared[0], shared[len(shared)-1]
	if small.n == large.n {
		return 0, false
	}
	return float64(large.upgrade.memory-small.upgrade.memory) / float64(large.n-small.n), true
}
