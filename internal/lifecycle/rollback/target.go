// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"fmt"
	"strconv"

	"github.com/Masterminds/semver/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Asked is true while a rollback token is set that was not handled.
func Asked(s *state.Snapshot) bool {
	return s.Tokens.Rollback != "" && s.Tokens.Rollback != s.Status.LastHandled.Rollback
}

// Requested is the rollback that the token means. When it is not possible, refused says
// why and the Rollback is the zero value.
func Requested(s *state.Snapshot) (r Rollback, refused string) {
	target, refused := requestedTarget(s)
	if target.Hash == "" {
		return Rollback{}, refused
	}
	r = To(s, target)
	if !r.Possible() {
		return Rollback{}, r.How.Reason
	}
	return r, ""
}

// Missing says that a release is not stored, and how to store it again.
func Missing(hash, version string) string {
	return fmt.Sprintf("release %s (version %s) is not stored: its ControllerRevision is missing; set spec back to what it was, and it is stored again", hash, version)
}

func requestedTarget(s *state.Snapshot) (state.Release, string) {
	token := s.Tokens.Rollback
	if n, err := strconv.ParseInt(token, 10, 64); err == nil {
		if r := s.StoredRelease(releaseAt(s, n)); r.Hash != "" {
			return named(s, r)
		}
	}
	if _, err := semver.StrictNewVersion(token); err == nil {
		if r, ok := s.StoredVersion(token); ok {
			return named(s, r)
		}
		return state.Release{}, fmt.Sprintf("no stored release has version %s", token)
	}
	return unnamed(s)
}

// releaseAt is the hash of the release of a revision, by the history or the store;
// empty for none.
func releaseAt(s *state.Snapshot, revision int64) string {
	for i := range s.Status.History {
		if s.Status.History[i].Revision == revision && s.Status.History[i].Release != "" {
			return s.Status.History[i].Release
		}
	}
	for _, r := range s.Stored {
		if r.Revision == revision {
			return r.Hash
		}
	}
	return ""
}

// named refuses a named release that runs and is verified already, and one of a higher
// version that was never verified: its schema may not be there.
func named(s *state.Snapshot, r state.Release) (state.Release, string) {
	switch {
	case s.Status.Release == "":
		return state.Release{}, "no release was verified yet: there is nothing to roll back to"
	case state.Higher(r.Version, s.Running) && !wasVerified(s, r.Hash):
		return state.Release{}, fmt.Sprintf("version %s is higher than the running %s and was never verified: set spec.version to it, or retry", r.Version, s.Running)
	case r.Hash == s.Status.Release && (s.Phase == v1alpha1.PhaseReady || s.Phase == v1alpha1.PhaseRolledBack):
		return state.Release{}, fmt.Sprintf("version %s is running already", r.Version)
	default:
		return r, ""
	}
}

// wasVerified is true for a release that a run has succeeded with.
func wasVerified(s *state.Snapshot, hash string) bool {
	for i := range s.Status.History {
		if s.Status.History[i].Release == hash && s.Status.History[i].Result == v1alpha1.ResultSucceeded {
			return true
		}
	}
	return false
}

// unnamed is the target of a token that names no release: the release before the
// running one, or the one that the run under way started from.
func unnamed(s *state.Snapshot) (state.Release, string) {
	r := s.StoredRelease(s.Status.PreviousRelease)
	switch {
	case s.Run.Touched && s.InRun:
		r = StartedFrom(s)
	case s.Phase == v1alpha1.PhaseValidate, s.Phase == v1alpha1.PhaseFailed:
		return state.Release{}, "nothing was changed: there is nothing to roll back"
	}
	if r.Hash == "" {
		return state.Release{}, "no earlier release is stored"
	}
	return r, ""
}

// StartedFrom is the release that a run is rolled back to. After a rollback that failed
// it is the target of that rollback.
func StartedFrom(s *state.Snapshot) state.Release {
	if s.Phase == v1alpha1.PhaseFailed && s.Run.RollbackRelease != "" {
		return s.RollbackTarget
	}
	return s.Previous
}

// ByVersion is the rollback that lowering spec.version means; ok is false when the
// version is not lower, or the rollback is not possible. The desired release itself is
// preferred to another one of its version.
func ByVersion(s *state.Snapshot) (r Rollback, ok bool) {
	running, err := semver.StrictNewVersion(s.Running)
	if err != nil {
		return Rollback{}, false
	}
	wanted, err := semver.StrictNewVersion(s.Desired.Version)
	if err != nil || !wanted.LessThan(running) {
		return Rollback{}, false
	}
	target, _ := s.StoredVersion(s.Desired.Version)
	for _, stored := range s.Stored {
		if s.Wants(stored.Hash) {
			target = stored
			break // the newest
		}
	}
	r = To(s, target)
	return r, r.Possible()
}
