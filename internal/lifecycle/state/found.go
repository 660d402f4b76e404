// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// deriveFound derives what the database is to this Superset.
func (s *Snapshot) deriveFound() {
	r, another := s.Preflight.Result, s.anotherDatabase()
	s.Repointed = another && s.Previous.Hash != "" && s.Previous.Database == s.Desired.Database
	if s.Status.Release == "" && !s.Upgrades {
		found := r.Revision != "" && (another || !s.Run.EmptyDatabase)
		s.Adopts = found || s.Run.Kind == v1alpha1.KindUpgrade
	}
	if s.Adopts {
		s.Found, _ = ReleaseOf(r.Revision)
	}
	s.From = cmp.Or(s.Run.From, s.Found)
}

// anotherDatabase is true when the preflight found another database than the recorded one.
func (s *Snapshot) anotherDatabase() bool {
	is := s.Preflight.Result.Identity
	return is != "" && s.Status.Schema != nil && s.Status.Schema.Identity != "" && s.Status.Schema.Identity != is
}

// HasOnlyTables is true for a database with tables of Superset and without a revision: no
// migration can begin there. One that a first install left behind is completed by it.
func (s *Snapshot) HasOnlyTables() bool {
	r := s.Preflight.Result
	return r.Tables && r.Revision == "" && !s.Run.EmptyDatabase
}
