// SPDX-License-Identifier: Apache-2.0

package actions

import (
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// KeepAll leaves traffic and every tier as they are. A component that was deleted is
// created again.
func KeepAll(s *state.Snapshot) Work {
	var w Work
	for tier := range s.Tiers {
		keep(s, &w, tier)
	}
	routeTraffic(s, &w)
	return w
}

// PutAll brings every tier to a release under the current fence.
func PutAll(s *state.Snapshot, r state.Release) Work {
	var w Work
	routeTraffic(s, &w)
	for tier := range s.Tiers {
		Put(s, &w, tier, r, v1alpha1.ModeServe)
	}
	return w
}

// Put brings a tier to a release under the current fence, or removes it when the release
// does not have it.
func Put(s *state.Snapshot, w *Work, tier int, r state.Release, mode v1alpha1.Mode) {
	switch {
	case mode == v1alpha1.ModeHold && servesTarget(s, tier):
		keep(s, w, tier)
	case r.Has[tier]:
		w.Tiers[tier] = TierWork{Apply: true, Release: r.Hash, Fence: s.Status.UpgradeRevision, Mode: mode}
	default:
		w.Tiers[tier] = TierWork{Remove: s.Tiers[tier].Exists}
	}
}

// Hold stops a tier at the release that it has, under the current fence.
func Hold(s *state.Snapshot, w *Work, tier int) {
	switch t := s.Tiers[tier]; {
	case servesTarget(s, tier):
		keep(s, w, tier)
	case t.Exists:
		w.Tiers[tier] = TierWork{Apply: true, Release: t.Release, Fence: s.Status.UpgradeRevision, Mode: v1alpha1.ModeHold}
	default:
		w.Tiers[tier] = TierWork{}
	}
}

// servesTarget is true for a tier that serves at the target under the current fence. An
// upgrade holds a tier first and lets it serve later, so our status is stale, and the
// tier must not be held again.
func servesTarget(s *state.Snapshot, tier int) bool {
	t := s.Tiers[tier]
	return s.Phase != v1alpha1.PhaseRollback && t.Exists && t.Fence == s.Status.UpgradeRevision && t.Mode == v1alpha1.ModeServe &&
		t.Release == s.Run.ToRelease
}

// keep leaves a tier at its release, fence and mode, or creates it again.
func keep(s *state.Snapshot, w *Work, tier int) {
	t := s.Tiers[tier]
	if t.Exists {
		w.Tiers[tier] = TierWork{Apply: true, Release: t.Release, Fence: t.Fence, Mode: t.Mode}
		return
	}
	w.Tiers[tier] = TierWork{}
	if lost := lostRelease(s, tier); lost.Has[tier] {
		fence := s.Status.UpgradeRevision
		if s.Phase == v1alpha1.PhaseValidate {
			fence-- // it belongs to what runs: this run has changed nothing yet
		}
		w.Tiers[tier] = TierWork{Apply: true, Release: lost.Hash, Fence: fence, Mode: v1alpha1.ModeServe}
	}
}

// turns are the phases in which each tier gets the target.
var turns = [3]v1alpha1.Phase{state.Scheduler: v1alpha1.PhaseUpgradeScheduler, state.Worker: v1alpha1.PhaseUpgradeWorkers, state.Web: v1alpha1.PhaseUpgradeWeb}

// lostRelease is the release that a tier without a component should have; the zero
// Release for one that must not run now, or that cannot serve on the database as it is.
func lostRelease(s *state.Snapshot, tier int) state.Release {
	release, certain := dueRelease(s, tier)
	if certain || release.Hash == "" || rollback.CanServe(s, release) {
		return release
	}
	return state.Release{}
}

// dueRelease is the target once the turn of a tier has come, else the verified release. It
// is the zero Release for a tier that the Job of this phase needs stopped, and for one
// that the target does not have. certain is true when the release is known to serve.
func dueRelease(s *state.Snapshot, tier int) (due state.Release, certain bool) {
	phase := s.Phase
	if phase == v1alpha1.PhaseFailed && s.Run.Failure != nil {
		phase = s.Run.Failure.Phase
	}
	switch {
	case s.Schema.Reverting, phase == v1alpha1.PhaseDBMigrate && StopsFor(s, tier):
		return state.Release{}, true
	case phase == v1alpha1.PhaseRollback:
		return s.RollbackTarget, s.Phase != v1alpha1.PhaseFailed
	case slices.Index(state.UpgradeOrder, phase) >= slices.Index(state.UpgradeOrder, turns[tier]):
		return s.Target, true
	case s.Run.Touched && s.Target.Hash != "" && !s.Target.Has[tier]:
		return state.Release{}, true
	default:
		return s.Current, !s.Run.Touched
	}
}

// StopsFor is true for a tier that must not run during the Job that changes the
// database.
func StopsFor(s *state.Snapshot, tier int) bool {
	return tier == state.Scheduler || s.Run.Strategy != v1alpha1.StrategyRolling || s.Phase == v1alpha1.PhaseRollback
}

// Stopped is true when a tier is held under the current fence, or does not exist, and has no pod.
func Stopped(s *state.Snapshot, tier int) bool {
	t := s.Tiers[tier]
	return t.Pods == 0 && (!t.Exists || t.Stopped() && t.Fence == s.Status.UpgradeRevision && t.Current)
}

// Held is true when a tier is at a release and has no pod, terminating ones included; or
// when the release does not have it and it is gone.
func Held(s *state.Snapshot, tier int, r state.Release) bool {
	if s.Tiers[tier].Pods > 0 {
		return false
	}
	return At(s, tier, r, v1alpha1.ModeHold) || Gone(s, tier, r)
}

// Serving is true when all pods of a tier are ready at a release; or when the release
// does not have it and it is gone.
func Serving(s *state.Snapshot, tier int, r state.Release) bool {
	t := s.Tiers[tier]
	return At(s, tier, r, v1alpha1.ModeServe) && t.Settled && t.Stray == 0 || Gone(s, tier, r)
}

// Released is true once the scheduler of a release serves under the current fence.
func Released(s *state.Snapshot, r state.Release) bool {
	t := s.Tiers[state.Scheduler]
	return t.Exists && t.Release == r.Hash && t.Fence == s.Status.UpgradeRevision && t.Mode == v1alpha1.ModeServe
}

// At is true when a tier has this release and mode under the current fence, and its
// status answers that.
func At(s *state.Snapshot, tier int, r state.Release, mode v1alpha1.Mode) bool {
	t := s.Tiers[tier]
	return t.Exists && t.Release == r.Hash && t.Fence == s.Status.UpgradeRevision && t.Mode == mode && t.Current
}

// Gone is true when a release does not have a tier and nothing is left of it.
func Gone(s *state.Snapshot, tier int, r state.Release) bool {
	t := s.Tiers[tier]
	return !r.Has[tier] && !t.Exists && t.Pods == 0
}
