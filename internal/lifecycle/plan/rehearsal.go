// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Rehearses is true when the run is rehearsed on a copy of the database before anything
// changes. Only PostgreSQL can be copied for that.
func Rehearses(s *state.Snapshot) bool {
	return RehearsalAsked(s) && s.Preflight.Result.Database == "postgresql"
}

// RehearsalAsked is true when spec asks for a rehearsal and there is something to
// rehearse: an earlier release on the same database, and migrations.
func RehearsalAsked(s *state.Snapshot) bool {
	r := s.Preflight.Result
	if r.PendingCount == 0 || r.Revision == "" || s.Previous.Hash == "" || s.Previous.Database != s.Desired.Database || s.Schema.AheadOfTarget {
		return false
	}
	switch s.Policy.Rehearsal {
	case v1alpha1.RehearsalAlways:
		return true
	case v1alpha1.RehearsalWhenNotAdditive:
		return r.Path == nil || r.Path.NotAdditive() > 0
	default: // Never
		return false
	}
}

// rehearsalFindings are in the plan without figures: those differ each time and would
// void an approval.
func rehearsalFindings(s *state.Snapshot) string {
	switch r := s.Rehearsal; {
	case r != nil:
		return fmt.Sprintf("Downgrade %s, Rolling %s", r.Downgrade, r.Rolling)
	case RehearsalAsked(s):
		return fmt.Sprintf("none: a %s database cannot be copied for it", s.Preflight.Result.Database)
	default:
		return ""
	}
}
