// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// storeAgain stores a release whose ControllerRevision was deleted, with the plan and the
// schema revision that it had.
func storeAgain(s *state.Snapshot, hash string) *actions.StoreRelease {
	store := &actions.StoreRelease{Head: headOf(s, hash)}
	if s.Run.ToRelease == hash {
		store.Planned = plan.Planned{Plan: s.Run.Plan, Hash: s.Run.PlanHash}
	}
	return store
}

// headOf is the schema revision of the image of a release; empty when it is not known. The
// release that runs is at the revision of the database, unless a rollback left that ahead.
// A run that was accepted has the head of another release: then FromRelease is this one.
func headOf(s *state.Snapshot, hash string) string {
	verified := s.Phase == v1alpha1.PhaseReady || s.Phase == v1alpha1.PhaseRolledBack
	switch {
	case verified && hash == s.Status.Release && schemaOfRelease(s):
		return s.Schema.Revision
	case verified && hash == s.Run.FromRelease:
		return s.Run.FromRevision
	case hash == s.Run.ToRelease:
		return s.Run.Head
	case hash == s.Run.FromRelease:
		return s.Run.FromRevision
	default:
		return ""
	}
}

// schemaOfRelease is true when the database has the schema of the release that runs.
func schemaOfRelease(s *state.Snapshot) bool {
	return s.Schema.Known && !s.Schema.AheadAfterRollback && !s.Schema.HalfMigrated
}
