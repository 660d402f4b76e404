// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Of derives the facts of an observation.
func Of(o *Observation) *Snapshot {
	s := &Snapshot{Observation: o, Phase: o.Status.Phase, Run: o.Status.Upgrade}
	if s.Run == nil {
		s.Run = &v1alpha1.UpgradeStatus{}
	}
	if s.Phase == "" || o.Status.Upgrade == nil {
		s.Phase = v1alpha1.PhasePending
	}
	s.InRun = Moving(s.Phase) || s.Phase == v1alpha1.PhaseFailed
	s.Current, s.Previous = o.StoredRelease(o.Status.Release), o.StoredRelease(s.Run.FromRelease)
	s.Target, s.RollbackTarget = o.StoredRelease(s.Run.ToRelease), o.StoredRelease(s.Run.RollbackRelease)
	s.Running = s.runningVersion()
	s.deriveRun()
	s.deriveSchema()
	s.deriveKeys()
	s.deriveFound()
	s.WebAccess = s.webAccess()
	s.Backups = s.backups()
	s.Rehearsal = s.rehearsal()
	s.ServedOnCopy = s.servedOnCopy()
	return s
}

// deriveTime derives how long the phase has worked, and since when nothing moves.
func (s *Snapshot) deriveTime() {
	if s.Run.Worked != nil {
		s.Elapsed = s.Run.Worked.Duration
	}
	if since := s.Run.WorkingSince; since != nil {
		s.Unfolded = max(0, s.Now.Sub(latest(since.Time, s.Since)))
		s.Elapsed += s.Unfolded
	}
	if since := s.Status.PhaseSince; since != nil {
		s.Idle = s.Now.Sub(latest(latest(since.Time, s.Since), s.ProgressAt))
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// deriveRun derives how far the run and its phase have come.
func (s *Snapshot) deriveRun() {
	s.deriveTime()
	if n := len(s.Run.Phases); n > 0 {
		s.PhaseDone = s.Run.Phases[n-1].Phase == s.Phase && s.Run.Phases[n-1].Seconds != nil
	}
	s.Upgrades = s.Run.FromRelease != ""
	if s.Upgrades && s.Phase != v1alpha1.PhaseRollback {
		s.Soak = s.Policy.Soak
	}
	if r := s.Run.Rollback; r != nil && (s.Phase == v1alpha1.PhaseRollback || s.Phase == v1alpha1.PhaseFailed) {
		s.DowngradeFailed = r.FellBack
	}
}

// runningVersion is the version of the verified release: as stored, else as status has it.
func (s *Snapshot) runningVersion() string {
	hash := s.Status.Release
	switch {
	case hash == "" || s.Current.Hash != "":
		return s.Current.Version
	case hash == s.Desired.Hash:
		return s.Desired.Version
	case hash == s.Run.ToRelease:
		return s.Run.To
	case hash == s.Run.FromRelease:
		return s.Run.From
	}
	for i := range s.Status.History {
		if h := &s.Status.History[i]; h.Release == hash {
			return h.To
		}
	}
	return s.Status.Version
}
