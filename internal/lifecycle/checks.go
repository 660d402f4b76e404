// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// The names of the operator's own checks: only Kubernetes knows what each pod runs, and how
// often it was restarted.
const (
	checkPods     = "Pods"
	checkRestarts = "Restarts"
)

// FailedCheck is the operator's own check that has failed and that no waiting can fix,
// and why; empty for none.
func FailedCheck(s *state.Snapshot) string {
	if why := mixedImages(s); why != "" {
		return checkPods + ": " + why
	}
	if why := restarted(s); why != "" {
		return checkRestarts + ": " + why
	}
	return ""
}

// mixedImages says which tier runs two images under one name; empty for none. The tag
// was pushed again between two pulls.
func mixedImages(s *state.Snapshot) string {
	for tier, t := range s.Tiers {
		if t.OtherImage != "" {
			return fmt.Sprintf("the %s pods run two images under one name: %s and %s; pin image.digest",
				state.TierNames[tier], shortID(t.Image), shortID(t.OtherImage))
		}
	}
	return ""
}

// restarted says which container was restarted during the soak; empty for none.
func restarted(s *state.Snapshot) string {
	for tier, t := range s.Tiers {
		if s.Soak > 0 && s.Status.PhaseSince != nil && t.RestartedAt.After(s.Status.PhaseSince.Time) {
			return fmt.Sprintf("a %s pod was restarted: %s", state.TierNames[tier], t.Restart)
		}
	}
	return ""
}

// Misplaced is the first tier that is not at a release under the current fence, or in a
// soak not ready; -1 for none.
func Misplaced(s *state.Snapshot, r state.Release) int {
	for tier, t := range s.Tiers {
		soaked := s.Soak == 0 || t.Settled || actions.Gone(s, tier, r)
		if r.Hash != "" && (!inPlace(s, tier, r) || !soaked) {
			return tier
		}
	}
	return -1
}

// inPlace is true when every pod of a tier is of a release under the current fence. The
// tier was complete once, in its own phase. A replica that is missing since then, because
// it was evicted or the tier is being scaled, says nothing about the release.
func inPlace(s *state.Snapshot, tier int, r state.Release) bool {
	t := s.Tiers[tier]
	scales := t.Scaling && t.Exists && t.Release == r.Hash && t.Fence == s.Status.UpgradeRevision && t.Mode == v1alpha1.ModeServe
	return actions.Gone(s, tier, r) || t.Stray == 0 && (scales || actions.At(s, tier, r, v1alpha1.ModeServe))
}

// Unasked is the first tier that the smoke tests cannot ask yet: it has pods of another
// release, or none that is ready; -1 for none.
func Unasked(s *state.Snapshot, r state.Release) int {
	for tier, t := range s.Tiers {
		if r.Hash != "" && (!inPlace(s, tier, r) || t.Pods > 0 && t.Ready == 0) {
			return tier
		}
	}
	return -1
}

// ownChecks are the operator's own checks; passed is false when one of them failed.
func ownChecks(s *state.Snapshot, r state.Release) (checks []v1alpha1.CheckStatus, passed bool) {
	checks = []v1alpha1.CheckStatus{podsCheck(s, r)}
	if s.Soak > 0 {
		c := v1alpha1.CheckStatus{Name: checkRestarts, OK: true, Detail: "no container was restarted since Verify began"}
		if why := restarted(s); why != "" {
			c.OK, c.Detail = false, truncate(why, migrations.MaxCheckDetail)
		}
		checks = append(checks, c)
	}
	return checks, !slices.ContainsFunc(checks, func(c v1alpha1.CheckStatus) bool { return !c.OK })
}

// podsCheck compares the pods with a release.
func podsCheck(s *state.Snapshot, r state.Release) v1alpha1.CheckStatus {
	if why := mixedImages(s); why != "" {
		return v1alpha1.CheckStatus{Name: checkPods, Detail: truncate(why, migrations.MaxCheckDetail)}
	}
	if tier := Misplaced(s, r); tier >= 0 {
		return v1alpha1.CheckStatus{Name: checkPods, Detail: fmt.Sprintf("not every %s pod is at release %s", state.TierNames[tier], r.Hash)}
	}
	var counts, images []string
	for tier, t := range s.Tiers {
		if t.Exists {
			counts = append(counts, podCount(tier, t))
		}
		if t.Image != "" && !slices.Contains(images, shortID(t.Image)) {
			images = append(images, shortID(t.Image))
		}
	}
	detail := fmt.Sprintf("%s; release %s, fence %d", strings.Join(counts, ", "), r.Hash, s.Status.UpgradeRevision)
	if len(images) > 0 {
		detail += ", image " + strings.Join(images, " and ")
	}
	return v1alpha1.CheckStatus{Name: checkPods, OK: true, Detail: truncate(detail, migrations.MaxCheckDetail)}
}

// podCount is the number of pods of a tier, with a note where some are not ready.
func podCount(tier int, t state.Tier) string {
	if t.Ready < t.Pods {
		return fmt.Sprintf("%s %d (%d ready)", state.TierNames[tier], t.Pods, t.Ready)
	}
	return fmt.Sprintf("%s %d", state.TierNames[tier], t.Pods)
}

// shortID is enough of an image's digest for a person to compare.
func shortID(id string) string {
	const algorithm = "sha256:"
	if digest, ok := strings.CutPrefix(id, algorithm); ok {
		return algorithm + digest[:min(12, len(digest))]
	}
	return truncate(id, 40)
}

// maxChecks bounds status.upgrade.checks: bytes of JSON.
const maxChecks = 2 << 10

// checksOf lists the checks of a Job and then the operator's own. Past the bound, passed
// checks lose their details first, the last one first.
func checksOf(found []migrations.Check, own []v1alpha1.CheckStatus) []v1alpha1.CheckStatus {
	var out []v1alpha1.CheckStatus
	for _, c := range found {
		out = append(out, v1alpha1.CheckStatus{Name: c.Name, OK: c.OK, Detail: c.Detail})
	}
	out = append(out, own...)
	for _, passed := range []bool{true, false} {
		for i := len(out) - 1; i >= 0 && jsonSize(out) > maxChecks; i-- {
			if out[i].OK == passed {
				out[i].Detail = ""
			}
		}
	}
	return out
}
