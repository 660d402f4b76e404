// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// decideScheduler upgrades the scheduler and holds it at zero pods: a new scheduler must
// not send tasks that older workers drop.
func decideScheduler(s *state.Snapshot) lifecycle.Decision {
	work := actions.KeepAll(s)
	actions.Put(s, &work, state.Scheduler, s.Target, v1alpha1.ModeHold)
	return follow(s, s.Target, stage{work: work, next: lifecycle.SchedulerHeld, done: actions.Held(s, state.Scheduler, s.Target),
		blocked: s.Tiers[state.Scheduler].Leaving,
		message: "upgrading the scheduler to " + s.Target.Version + ", held until the workers are upgraded"})
}

// decideWorkers rolls the workers, then releases the scheduler. Once released, the
// scheduler serves even if a worker pod is lost afterwards.
func decideWorkers(s *state.Snapshot) lifecycle.Decision {
	target := s.Target
	rolled := actions.Serving(s, state.Worker, target)
	next := stage{work: actions.KeepAll(s), next: lifecycle.WorkersUpgraded, done: rolled && actions.Serving(s, state.Scheduler, target)}
	next.message, next.blocked = "upgrading the workers to "+target.Version, s.Tiers[state.Worker].Blocked
	mode := v1alpha1.ModeHold
	if rolled || actions.Released(s, target) {
		mode = v1alpha1.ModeServe
		next.message = "releasing the scheduler at " + target.Version
		next.blocked += s.Tiers[state.Scheduler].Blocked
	}
	actions.Put(s, &next.work, state.Worker, target, v1alpha1.ModeServe)
	actions.Put(s, &next.work, state.Scheduler, target, mode)
	return follow(s, target, next)
}

// decideWeb rolls web, never below its replicas. The other tiers are upgraded already;
// one that was deleted is created again at the target.
func decideWeb(s *state.Snapshot) lifecycle.Decision {
	return follow(s, s.Target, stage{work: actions.PutAll(s, s.Target), next: lifecycle.WebUpgraded,
		done:    actions.Serving(s, state.Web, s.Target) && !s.Page.HasTraffic,
		blocked: s.Tiers[state.Web].Blocked, message: "upgrading web to " + s.Target.Version})
}
