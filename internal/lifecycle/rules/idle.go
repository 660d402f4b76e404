// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// notReady says which tier is not as it was verified.
var notReady = [3]string{
	state.Scheduler: "the scheduler is not ready",
	state.Worker:    "not all workers are ready",
	state.Web:       "not all web pods are ready",
}

// idle keeps the verified release running. In Failed every tier stays as it is, and so it
// does while the verified release is not stored: a missing release is not one without tiers.
func idle(s *state.Snapshot) lifecycle.Decision {
	if s.Phase == v1alpha1.PhaseFailed || s.ReleaseMissing() {
		d := lifecycle.Decision{Work: actions.KeepAll(s)}
		if s.ReleaseMissing() && s.Desired.Hash == s.Status.Release {
			d.Work.Store = storeAgain(s, s.Desired.Hash)
		}
		return d
	}
	d := lifecycle.Decision{Work: actions.TrafficOnly(s)}
	d.Work.Prune = true
	for tier, has := range s.Current.Has {
		if has {
			keepVerified(s, &d, tier)
		} else {
			d.Work.Tiers[tier] = actions.TierWork{Remove: s.Current.Hash != "" && s.Tiers[tier].Exists}
		}
	}
	return d
}

// keepVerified keeps a tier at the verified release, and waits while it is not ready.
func keepVerified(s *state.Snapshot, d *lifecycle.Decision, tier int) {
	t := s.Tiers[tier]
	fence, asVerified := t.Fence, t.Release == s.Current.Hash && t.Mode == v1alpha1.ModeServe
	if !t.Exists || !asVerified {
		fence = s.Status.UpgradeRevision // below the tier's own when our status is stale: then the API server refuses it
	}
	d.Work.Tiers[tier] = actions.TierWork{Apply: true, Release: s.Current.Hash, Fence: fence, Mode: v1alpha1.ModeServe}
	if t.Settled && asVerified {
		return
	}
	waitFor(d, v1alpha1.ReasonTierNotReady, notReady[tier])
	if t.Blocked != "" {
		d.Message += ": " + t.Blocked
	}
}
