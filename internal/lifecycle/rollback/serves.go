// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// servesOn says why a version serves on the schema of another release, or why that is not
// known.
func servesOn(s *state.Snapshot, version string, owner state.Release) (why, whyNot string) {
	if run := s.Run; run.Plan != nil && run.ToRelease == owner.Hash && run.From == version {
		return Serves(s, version, owner.Version, run.Plan.Migrations)
	}
	why = known(version, owner.Version, v1alpha1.PlannedMigrations{Unknown: true})
	switch {
	case why != "":
		return why, ""
	case s.ServedOnCopy == v1alpha1.FindingRefused:
		return "", refusedOnCopy
	default:
		return "", notTested
	}
}

// Serves says why the release before the run serves on the schema of its target, by the
// migrations between them and by the rehearsal, or why that is not known.
func Serves(s *state.Snapshot, from, to string, m v1alpha1.PlannedMigrations) (why, whyNot string) {
	if s.ServedOnCopy == v1alpha1.FindingRefused {
		return "", refusedOnCopy
	}
	switch why = known(from, to, m); {
	case why != "":
		return why, ""
	case s.ServedOnCopy == v1alpha1.FindingProven:
		return fmt.Sprintf("%s served on the schema of %s in a rehearsal", from, to), ""
	default:
		return "", notTested
	}
}

// Why the older release is not taken to serve on the newer schema.
const (
	refusedOnCopy = "the older release did not serve on the newer schema in the rehearsal"
	notTested     = "the older release is not tested on the newer schema"
)

// AllAdditive is the reason when every migration is additive.
const AllAdditive = "all migrations are additive, by static analysis"

// known says why a version serves on the schema of a newer one without a rehearsal.
func known(from, to string, m v1alpha1.PlannedMigrations) string {
	switch {
	case state.Tested(from) && state.Tested(to):
		return fmt.Sprintf("%s serves on the schema of %s: tested for every pair of releases %s", from, to, state.TestedRange())
	case !m.Unknown && m.DataChanging+m.Destructive+m.UnknownCount == 0:
		return AllAdditive
	default:
		return ""
	}
}

// DowngradeRehearsed is true when a rehearsal has downgraded a copy to a revision.
func DowngradeRehearsed(s *state.Snapshot, revision string) bool {
	r := s.Rehearsal
	return r != nil && r.Downgrade == v1alpha1.FindingProven && revision != "" && r.Revision == revision
}
