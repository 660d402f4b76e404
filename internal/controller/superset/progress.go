// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// seen is what this process remembers of the tiers of a Superset.
type seen struct {
	// since is when it was first looked at, or first seen resumed after a pause; progressAt
	// is when a tier last made progress.
	since, progressAt time.Time
	paused            bool
	tiers             [3]state.Tier
}

// progress remembers the tiers, and returns since when this process has looked at them and
// when they last made progress. A Deployment judges the progress of a rollout, but not that
// of a start from zero pods or of a stop.
func (r *Reconciler) progress(s *v1alpha1.Superset, now time.Time, tiers *[3]state.Tier) (since, at time.Time) {
	next := seen{since: now, paused: s.Spec.Paused, tiers: *tiers}
	if kept, ok := r.seen.Get(s.UID); ok {
		before := kept.(seen)
		next.progressAt = before.progressAt
		if progressed(&before.tiers, tiers) {
			next.progressAt = now
		}
		if !s.Spec.Paused && !before.paused { // nothing may have happened since the pause was seen
			next.since = before.since
		}
	}
	r.seen.Add(s.UID, next)
	return next.since, next.progressAt
}

// progressed is true when a pod has become ready, or one that must go is gone.
func progressed(before, after *[3]state.Tier) bool {
	for i := range after {
		a, b := &after[i], &before[i]
		if a.Ready > b.Ready || a.Stray < b.Stray || a.Pods < b.Pods {
			return true
		}
	}
	return false
}
