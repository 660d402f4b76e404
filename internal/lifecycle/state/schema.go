// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// deriveSchema derives what is known of the database.
func (s *Snapshot) deriveSchema() {
	c := &s.Schema
	c.Job, c.Reverting = s.schemaJob()
	c.Reverting = c.Reverting && !c.Job.Done
	if s.Status.Schema != nil {
		c.SchemaStatus, c.Known = *s.Status.Schema, true
		r := s.Preflight.Result
		c.AheadOfTarget = c.AheadAfterRollback && r.Reason == migrations.ReasonDatabaseAhead && r.Revision == c.Revision
	}
	c.Identity = cmp.Or(s.RestoreCheck.Result.Identity, c.Identity)
	if c.Job.Attempt > 0 && !c.Job.Active {
		s.addJobResult()
	}
	c.Uncertain = c.PossibleRevision != "" && c.PossibleRevision != c.Revision
}

// addJobResult adds what the ended Job of this phase reports of the database.
func (s *Snapshot) addJobResult() {
	c := &s.Schema
	if key := s.keyOfJob(); key != "" {
		c.SecretKey, c.Known = key, true
	}
	c.Identity = cmp.Or(c.Job.Result.Identity, c.Identity)
	switch r := c.Job.Result; {
	case r.Revision != "":
		c.Revision, c.PossibleRevision, c.Known = r.Revision, "", true
		c.Database = cmp.Or(c.Database, r.Database)
	case s.Phase == v1alpha1.PhaseDBMigrate && (c.Job.Lost || r.Reason == migrations.ReasonJobCrashed):
		c.PossibleRevision = s.Run.Head // it may have committed before
	}
	broke := c.Database != "postgresql" && c.Job.Result.Reason.MayBreakSchema()
	c.HalfMigrated = !c.Job.Done && (c.HalfMigrated || broke)
}

// schemaJob is the progress of the Job that changes the schema in this phase; reverts is
// true for one of a rollback.
func (s *Snapshot) schemaJob() (p migrations.Progress, reverts bool) {
	if s.Phase == v1alpha1.PhaseDBMigrate {
		return s.Migrate, false
	}
	if s.Phase != v1alpha1.PhaseRollback || s.Run.Rollback == nil {
		return migrations.Progress{}, false
	}
	switch s.Run.Rollback.Class {
	case v1alpha1.RollbackDowngrade:
		return s.Downgrade, true
	case v1alpha1.RollbackRestore:
		return s.Restore, true
	case v1alpha1.RollbackImage, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
	}
	return migrations.Progress{}, false
}

// keyOfJob is the key that the Job of this phase has begun to re-encrypt with; the
// recorded one when it does not re-encrypt.
func (s *Snapshot) keyOfJob() string {
	run, recorded := s.Run, s.Schema.SecretKey
	switch {
	case s.Phase == v1alpha1.PhaseDBMigrate && run.Plan != nil && run.Plan.Reencrypt:
		return s.Target.Key
	case s.Phase == v1alpha1.PhaseRollback && run.Rollback.Reencrypt && (s.Schema.Job.Done || recorded == ""):
		return s.RollbackTarget.Key
	default:
		return recorded
	}
}

func (s *Snapshot) deriveKeys() {
	s.Keys = [2]string{s.Current.Key, s.Schema.SecretKey}
	previous := s.Desired.PreviousKey
	s.Rotates = previous != "" && previous != s.Desired.Key &&
		(s.Keys[0] == "" || s.Keys[0] == previous || s.Keys[1] == previous)
	s.Reprefixes = s.Current.Hash != "" && s.Current.KeyPrefix != s.Desired.KeyPrefix
}

// certainKey is the key that stored secrets are encrypted with; empty while a run may
// have begun to re-encrypt with another one.
func (s *Snapshot) certainKey() string {
	if s.Keys[1] != "" && s.Keys[1] != s.Keys[0] {
		return ""
	}
	return s.Keys[0]
}
