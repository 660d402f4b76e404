// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// turnBack starts the way back under the next fence: as a part of the run under
// way, or as a run of its own when none was.
func (s *draft) turnBack() {
	o, d := s.o, s.d
	s.UpgradeRevision = max(s.UpgradeRevision, o.MaxFence) + 1
	if o.phase() == ready || o.phase() == back {
		s.Upgrade = &v1alpha1.UpgradeStatus{
			Kind: v1alpha1.KindRollback, From: o.stored(s.Release).Version, To: d.Back.Version,
			FromRelease: s.Release, ToRelease: d.Back.Hash, FromRevision: revisionNow(o), StartedAt: s.now,
		}
	}
	s.Upgrade.Touched = true
	s.Upgrade.RollbackRelease, s.Upgrade.Rollback = d.Back.Hash, &d.Way
	s.Upgrade.EstimatedCompletion = nil
	s.Upgrade.HeldRelease = o.Desired.Hash
	if d.Failed { // an edit that waited meanwhile was never tried
		s.Upgrade.HeldRelease = s.Upgrade.ToRelease
	}
	if d.Reason == v1alpha1.ReasonSpecReverted {
		s.Upgrade.HeldRelease = ""
	}
}

// revisionNow is the schema revision that the release which runs was verified on.
func revisionNow(o *Observation) string {
	schema, _ := schemaNow(o)
	return schema.Revision
}

// nextClass goes on with another way back. Its Job belongs to another fence.
func (s *draft) nextClass() {
	s.UpgradeRevision = max(s.UpgradeRevision, s.o.MaxFence) + 1
	s.Upgrade.Rollback = &s.d.Way
}

// hold keeps a way back that spec asked for, and that failed, from being begun
// again and again: it waits for an edit or a retry token, as any other failure. A
// Downgrade that was given up is no choice for the next try.
func (s *draft) hold() {
	run := s.Upgrade
	if p := changing(s.o); s.o.phase() == rollback && run.Rollback != nil && run.Rollback.Class == v1alpha1.RollbackDowngrade && p.Attempt > 0 && givesUp(p) {
		run.Rollback.FellBack = whyFellBack(p)
	}
	if s.o.phase() == rollback && run.HeldRelease == "" && s.o.Desired.Version == s.o.stored(run.RollbackRelease).Version {
		run.HeldRelease = s.o.Desired.Hash
	}
}

// restored makes the release that was put back the one that runs.
func (s *draft) restored() {
	if s.Release != s.Upgrade.RollbackRelease {
		s.Release = s.Upgrade.RollbackRelease
		s.PreviousRelease = before(s.o, s.Release)
	}
	if r := s.o.Verify.Result; s.Schema != nil {
		s.Schema.Revision, s.Schema.AheadAfterRollback, s.Schema.SecretKey = r.Revision, r.Revision != r.Head, ""
	}
}

// before is the stored release with the next lower revision; empty for none.
// One of a higher version is passed over: it was tried and left.
func before(o *Observation, hash string) string {
	at := o.stored(hash)
	for _, r := range o.Stored { // the newest first
		if r.Revision < at.Revision && !higher(r.Version, at.Version) {
			return r.Hash
		}
	}
	return ""
}
