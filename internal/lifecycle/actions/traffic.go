// SPDX-License-Identifier: Apache-2.0

package actions

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// PageGrace is how long every tier is kept for the maintenance page to become ready. A page
// that cannot start is reported, and never holds an upgrade.
const PageGrace = time.Minute

// TrafficOnly routes traffic and leaves every tier out.
func TrafficOnly(s *state.Snapshot) Work {
	var w Work
	routeTraffic(s, &w)
	return w
}

// routeTraffic routes users to web, or to the maintenance page. The page is removed once
// it has no traffic.
func routeTraffic(s *state.Snapshot, w *Work) {
	wanted := PageWanted(s)
	w.Traffic = TrafficToWeb
	if wanted && s.Page.Ready && (s.Page.HasTraffic || !KeepsWeb(s)) {
		w.Traffic = TrafficToPage
	}
	switch {
	case wanted:
		w.Page = PageApplied
	case s.Page.Exists && !s.Page.HasTraffic:
		w.Page = PageRemoved
	}
}

// PageWanted is true while a Drain, or a rollback that reverts the database, stops web
// that served, and until web serves again.
func PageWanted(s *state.Snapshot) bool {
	if !s.Policy.MaintenancePage || !hasWeb(s) {
		return false
	}
	if stopsWeb(s) {
		return s.Page.Exists || s.Tiers[state.Web].Pods > 0
	}
	return s.Page.Exists && !webServes(s)
}

// stopsWeb is true while web must not run: in a Drain before its migration is done, and in a
// rollback that can revert the database and has not yet.
func stopsWeb(s *state.Snapshot) bool {
	return s.Run.Strategy == v1alpha1.StrategyDrain && s.Phase == v1alpha1.PhaseDBMigrate || s.Schema.Reverting && !ChecksRestore(s)
}

// ChecksRestore is true while a rollback has yet to check that it can restore its backup. Where
// nothing serves any more, the restore itself checks.
func ChecksRestore(s *state.Snapshot) bool {
	how := s.Run.Rollback
	restores := s.Schema.Reverting && how != nil && how.Class == v1alpha1.RollbackRestore && !s.RestoreCheck.Done
	return restores && (s.Tiers[state.Scheduler].Serves() || s.Tiers[state.Worker].Serves() || s.Tiers[state.Web].Serves())
}

// KeepsWeb is true while web serves until the scheduler and the workers have stopped: a task may
// take minutes to end, and users need web meanwhile.
func KeepsWeb(s *state.Snapshot) bool {
	web := s.Tiers[state.Web]
	return stopsWeb(s) && web.Serves() && web.Ready > 0 && (!Stopped(s, state.Scheduler) || !Stopped(s, state.Worker))
}

// hasWeb is true while there is a web tier, or a Drain that starts it again.
func hasWeb(s *state.Snapshot) bool {
	switch s.Phase {
	case v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers:
		return s.Tiers[state.Web].Exists || s.Run.Strategy == v1alpha1.StrategyDrain && s.Previous.Has[state.Web]
	default:
		return s.Tiers[state.Web].Exists
	}
}

// webServes is true when web serves with all the pods that it should have.
func webServes(s *state.Snapshot) bool {
	t := s.Tiers[state.Web]
	return t.Serves() && t.Settled && (t.Ready > 0 || t.Pods == 0)
}

// Waits is true for a tier that is to stop and must serve for now. Nothing stops before the
// maintenance page is ready. Web is the last, once the page has its traffic.
func Waits(s *state.Snapshot, tier int) bool {
	awaited := pageAwaited(s)
	starts := awaited && !s.Page.Ready && s.Elapsed < PageGrace
	if tier != state.Web {
		return starts
	}
	return starts || awaited && s.Page.Ready || KeepsWeb(s)
}

// pageAwaited is true while the maintenance page is to take the traffic of web, and can.
func pageAwaited(s *state.Snapshot) bool {
	web := s.Tiers[state.Web]
	return stopsWeb(s) && PageWanted(s) && !s.Page.HasTraffic && s.Page.Blocked == "" && web.Serves() && web.Ready > 0
}
