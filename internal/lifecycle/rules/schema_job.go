// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// waitForSchemaJob waits for the Job that changes the schema, whatever else is asked for
// meanwhile.
func waitForSchemaJob(s *state.Snapshot) lifecycle.Decision {
	job, doing := s.Schema.Job, "migrating the database"
	if s.Phase == v1alpha1.PhaseRollback {
		doing = "reverting the database"
	}
	d := stay(s, actions.KeepAll(s), doing, job.Blocked)
	if d.Kind == lifecycle.KindWait {
		d.Wait.Job = job.Name
	} else if before := job.Before; before.Reason != "" {
		waitFor(&d, string(before.Reason), d.Message+"; the previous attempt: "+before.Message)
	}
	if !s.Wants(s.Run.ToRelease) || rollback.Asked(s) {
		waitFor(&d, v1alpha1.ReasonQueuedBehindMigration, d.Message+"; the new spec or rollback waits until the Job has ended")
	}
	return late(s, d)
}

// stopTiers holds the tiers that must not run during the Job that changes the database;
// stopped is true when none of their pods is left. Users are served until the others have
// stopped: see actions.Waits.
func stopTiers(s *state.Snapshot) (work actions.Work, stopped bool) {
	work, stopped = actions.KeepAll(s), true
	for tier := range s.Tiers {
		if !actions.StopsFor(s, tier) {
			continue
		}
		if !actions.Waits(s, tier) {
			actions.Hold(s, &work, tier)
		}
		stopped = stopped && actions.Stopped(s, tier)
	}
	return work, stopped
}

// waitUntilStopped waits for the pods of the tiers that are held.
func waitUntilStopped(s *state.Snapshot, work actions.Work, message string) lifecycle.Decision {
	if actions.KeepsWeb(s) {
		message += "; web serves until the scheduler and the workers have stopped, and asynchronous queries wait"
	}
	d := stay(s, work, message, leaving(s))
	if left := actions.PageGrace - s.Elapsed; left > 0 && (d.Recheck == 0 || left < d.Recheck) {
		d.Recheck = left
	}
	return late(s, d)
}

// leaving says which pod of the tiers that are held does not end; empty for none.
func leaving(s *state.Snapshot) string {
	for tier, t := range s.Tiers {
		if t.Leaving != "" && actions.StopsFor(s, tier) {
			return t.Leaving
		}
	}
	return ""
}

// late reports that the phase is past its deadline, and no more: a Job that changes the
// schema is not killed for being slow.
func late(s *state.Snapshot, d lifecycle.Decision) lifecycle.Decision {
	if d.Kind == lifecycle.KindWork && overdue(s) {
		waitFor(&d, v1alpha1.ReasonOverdue, fmt.Sprintf("%s; this takes longer than the deadline of %s, and is not aborted", d.Message, deadline(s)))
	}
	return d
}
