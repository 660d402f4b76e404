// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// The operator's own checks: Kubernetes alone knows what each pod runs, and how often
// it was restarted.
const (
	checkPods     = "Pods"
	checkRestarts = "Restarts"
)

// tierNames are those of the tiers in messages.
var tierNames = [3]string{Scheduler: "scheduler", Worker: "worker", Web: "web"}

// mixed says which tier runs two images under one name; empty for none. The release
// is the same, so the tag was pushed anew between two pulls.
func mixed(o *Observation) string {
	for tier, t := range o.Tiers {
		if t.OtherImage != "" {
			return fmt.Sprintf("the %s pods run two images under one name: %s and %s; pin image.digest",
				tierNames[tier], shortID(t.Image), shortID(t.OtherImage))
		}
	}
	return ""
}

// soak is how long what the run has made must go on before it counts as verified.
func soak(o *Observation) time.Duration {
	if !asUser(o) || o.phase() == rollback {
		return 0
	}
	return o.Policy.Soak
}

// restarted says which container was restarted since Verify began, where spec asks for
// a soak; empty for none.
func restarted(o *Observation) string {
	for tier, t := range o.Tiers {
		if soak(o) > 0 && o.Status.PhaseSince != nil && t.RestartedAt.After(o.Status.PhaseSince.Time) {
			return fmt.Sprintf("a %s pod was restarted: %s", tierNames[tier], t.Restart)
		}
	}
	return ""
}

// astray names the first tier that is not, or not in all its pods, at a release
// under the current fence, and after a soak ready; -1 for none.
func astray(o *Observation, r Release) int {
	for tier, t := range o.Tiers {
		there := at(o, tier, r, v1alpha1.ModeServe) && t.Stray == 0 && (t.Settled || soak(o) == 0)
		if r.Hash != "" && !gone(o, tier, r) && !there {
			return tier
		}
	}
	return -1
}

// seen is what no waiting mends: which of the operator's own checks has failed, and
// why; empty for none.
func seen(o *Observation) string {
	if why := mixed(o); why != "" {
		return checkPods + ": " + why
	}
	if why := restarted(o); why != "" {
		return checkRestarts + ": " + why
	}
	return ""
}

// ownChecks are those of the operator; fine is false when one of them failed.
func ownChecks(o *Observation, r Release) (own []v1alpha1.CheckStatus, fine bool) {
	own = []v1alpha1.CheckStatus{podsCheck(o, r)}
	if soak(o) > 0 {
		c := v1alpha1.CheckStatus{Name: checkRestarts, OK: true, Detail: "no container was restarted since Verify began"}
		if why := restarted(o); why != "" {
			c.OK, c.Detail = false, truncate(why, migrations.MaxCheckDetail)
		}
		own = append(own, c)
	}
	return own, !slices.ContainsFunc(own, func(c v1alpha1.CheckStatus) bool { return !c.OK })
}

// podsCheck is what there is to say of the pods of a release.
func podsCheck(o *Observation, r Release) v1alpha1.CheckStatus {
	if wrong := mixed(o); wrong != "" {
		return v1alpha1.CheckStatus{Name: checkPods, Detail: truncate(wrong, migrations.MaxCheckDetail)}
	}
	if tier := astray(o, r); tier >= 0 {
		return v1alpha1.CheckStatus{Name: checkPods, Detail: fmt.Sprintf("not every %s pod is at release %s", tierNames[tier], r.Hash)}
	}
	var counts, images []string
	for tier, t := range o.Tiers {
		if t.Exists {
			counts = append(counts, fmt.Sprintf("%s %d", tierNames[tier], t.Pods))
		}
		if t.Image != "" && !slices.Contains(images, shortID(t.Image)) {
			images = append(images, shortID(t.Image))
		}
	}
	detail := fmt.Sprintf("%s; release %s, fence %d", strings.Join(counts, ", "), r.Hash, o.Status.UpgradeRevision)
	if len(images) > 0 {
		detail += ", image " + strings.Join(images, " and ")
	}
	return v1alpha1.CheckStatus{Name: checkPods, OK: true, Detail: truncate(detail, migrations.MaxCheckDetail)}
}

// shortID is enough of an image's digest for a person to compare.
func shortID(id string) string {
	const algorithm = "sha256:"
	if rest, ok := strings.CutPrefix(id, algorithm); ok {
		return algorithm + rest[:min(12, len(rest))]
	}
	return truncate(id, 40)
}

// noteChecks takes over what Verify has found, on the way forward or back, however
// it ended. Before its Job has a result only what the operator found itself is known.
func (s *draft) noteChecks() {
	o, hash := s.o, s.o.run().ToRelease
	switch {
	case o.phase() == rollback:
		hash = o.run().RollbackRelease
	case o.phase() != verify:
		return
	}
	own, fine := ownChecks(o, o.stored(hash))
	found := o.Verify.Result.Checks
	if len(found) == 0 && (fine || !s.d.Failed) {
		return
	}
	s.Upgrade.Checks = checksOf(found, own)
}

// maxChecks bounds the checks, so that status stays small: bytes of JSON.
const maxChecks = 2 << 10

// asUser is true for a run that is tested as spec.upgrade.verify asks, too: one that
// leads away from a release that was verified. Before that nobody may be there to log
// in as.
func asUser(o *Observation) bool { return o.run().FromRelease != "" }

// checksOf lists what a Job found and then what the operator did. Where that is too
// much, checks that passed lose what they say, the last of them first.
func checksOf(found []migrations.Check, own []v1alpha1.CheckStatus) []v1alpha1.CheckStatus {
	var out []v1alpha1.CheckStatus
	for _, c := range found {
		out = append(out, v1alpha1.CheckStatus{Name: c.Name, OK: c.OK, Detail: c.Detail})
	}
	out = append(out, own...)
	for _, passed := range []bool{true, false} {
		for i := len(out) - 1; i >= 0 && sizeOf(out) > maxChecks; i-- {
			if out[i].OK == passed {
				out[i].Detail = ""
			}
		}
	}
	return out
}

// sizeOf is how much room plain values take in status: bytes of JSON.
func sizeOf(values any) int {
	raw, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("encoding a part of status: %v", err)) // plain values only
	}
	return len(raw)
}
