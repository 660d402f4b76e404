// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// deriveFound derives what the database is to this Superset.
func (s *Snapshot) deriveFound() {
	r := s.Preflight.Result
	known := s.Status.Schema != nil && s.Status.Schema.Identity != "" && r.Identity != ""
	changed := known && s.Status.Schema.Identity != r.Identity
	s.Repointed = changed && s.Previous.Hash != "" && s.Previous.Database == s.Desired.Database
	found := r.Revision != "" && (!s.Run.EmptyDatabase || changed)
	s.Adopts = s.Status.Release == "" && !s.Upgrades && (found || s.Run.Kind == v1alpha1.KindUpgrade)
	if s.Adopts {
		s.Found, _ = ReleaseOf(r.Revision)
	}
	s.From = cmp.Or(s.Run.From, s.Found)
}

// HasOnlyTables is true for a database with tables of Superset and without a revision: no
// migration can begin there. One that a first install left behind is completed by it.
func (s *Snapshot) HasOnlyTables() bool {
	r := s.Preflight.Result
	return r.Tables && r.Revision == "" && !s.Run.EmptyDatabase
}
