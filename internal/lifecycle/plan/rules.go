// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Refuse applies the version rules to what spec asks for. The reason is empty when they
// allow it.
func Refuse(s *state.Snapshot) (reason, message string) {
	if s.Invalid != "" {
		return v1alpha1.ReasonSpecInvalid, s.Invalid
	}
	target, err := semver.StrictNewVersion(s.Desired.Version)
	if err != nil {
		return v1alpha1.ReasonSpecInvalid, fmt.Sprintf("spec.version %q is not a semantic version: write for example 6.0.0", s.Desired.Version)
	}
	if !s.Policy.AllowUnsupported && !state.Supported(s.Desired.Version) {
		return v1alpha1.ReasonUnsupportedVersion, fmt.Sprintf(
			"version %s is not supported by this operator release (%s); to try it anyway, set spec.upgrade.allowUnsupportedVersion", target, state.SupportedRange())
	}
	running, err := semver.StrictNewVersion(s.Running)
	if err != nil {
		return "", "" // a first install
	}
	if target.LessThan(running) {
		return v1alpha1.ReasonDowngradeRefused, fmt.Sprintf("version %s is lower than the running %s and %s", target, running, whyNoRollback(s))
	}
	if !s.Policy.AllowSkip && target.Major() > running.Major()+1 {
		return v1alpha1.ReasonVersionSkip, fmt.Sprintf(
			"version %s skips a major version after %s; upgrade to %d first, or set spec.upgrade.allowVersionSkip", target, running, running.Major()+1)
	}
	return "", ""
}

// RefuseFound applies the rules to what the preflight has found in the database. The reason is
// empty when they allow it.
func RefuseFound(s *state.Snapshot) (reason, message string) {
	if s.HasOnlyTables() {
		return v1alpha1.ReasonDatabaseNotEmpty, fmt.Sprintf("the database has tables of Superset in the schema %s, but no revision (table alembic_version): "+
			"restore that table, set the search_path of the user to the schema, or name an empty database in spec.database", s.Preflight.Result.TablesIn)
	}
	target, found := state.Major(s.Desired.Version), state.Major(s.Found)
	if s.Adopts && !s.Policy.AllowSkip && s.Found != "" && target > found+1 {
		return v1alpha1.ReasonVersionSkip, fmt.Sprintf(
			"version %s skips a major version after %s, which the database has; set spec.version to %d first, or set spec.upgrade.allowVersionSkip", s.Desired.Version, s.Found, found+1)
	}
	return "", ""
}

// whyNoRollback says why the desired, lower version is not a rollback.
func whyNoRollback(s *state.Snapshot) string {
	r, ok := s.StoredVersion(s.Desired.Version)
	if !ok {
		return "no stored release has it: there is no release to roll back to"
	}
	to := rollback.To(s, r)
	return "it cannot be rolled back to: " + to.How.Reason
}
