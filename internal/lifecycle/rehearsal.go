// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// rehearses is true when the run is tried on a copy of the database before anything is
// touched.
func rehearses(o *Observation) bool {
	return asksToRehearse(o) && o.Preflight.Result.Database == "postgresql"
}

// asksToRehearse is true for a run that spec wants to have rehearsed. One without a
// release before it, or without anything to migrate, has nothing to try; nor has one
// that turns to another database, where that release never ran.
func asksToRehearse(o *Observation) bool {
	r, before := o.Preflight.Result, o.stored(o.run().FromRelease)
	if r.PendingCount == 0 || r.Revision == "" || before.Hash == "" || before.Database != o.Desired.Database || aheadByUs(o) {
		return false
	}
	switch o.Policy.Rehearsal {
	case v1alpha1.RehearsalAlways:
		return true
	case v1alpha1.RehearsalWhenNotAdditive:
		return r.Path == nil || r.Path.DataChanging+r.Path.Destructive > 0
	default: // Never
		return false
	}
}

// rehearsed is what is known from a copy: what the Job of this phase has found, or what
// the run had noted of it.
func rehearsed(o *Observation) *v1alpha1.RehearsalStatus {
	r := o.Rehearse.Result.Rehearsal
	if o.phase() != validate || !o.Rehearse.Done || r == nil {
		return o.run().Rehearsal
	}
	out := &v1alpha1.RehearsalStatus{
		Revision:  o.Rehearse.Result.Revision,
		Downgrade: r.Downgrade, DowngradeReason: r.DowngradeReason,
		Rolling: r.Rolling, RollingReason: r.RollingReason,
		MigrateSeconds: whole(r.MigrateSeconds), Seconds: whole(r.CopySeconds),
		LockTables: r.LockTables, Bytes: r.Bytes, Excluded: r.Excluded,
	}
	if r.LockSeconds > 0 {
		held := time.Duration(r.LockSeconds * float64(time.Second)).Round(10 * time.Millisecond)
		out.LockTime = &metav1.Duration{Duration: held}
	}
	return out
}

// whole rounds seconds up.
func whole(seconds float64) int64 { return int64(math.Ceil(seconds)) }

// rehearsalWords are what a plan says of its rehearsal: findings, and no figures, which
// are others each time and would void an approval.
func rehearsalWords(o *Observation) string {
	switch r := rehearsed(o); {
	case r != nil:
		return fmt.Sprintf("Downgrade %s, Rolling %s", r.Downgrade, r.Rolling)
	case asksToRehearse(o):
		return fmt.Sprintf("none: a copy of a database of %s cannot be made", o.Preflight.Result.Database)
	default:
		return ""
	}
}

// provenBack is true when a rehearsal has taken the schema back to a revision.
func provenBack(o *Observation, revision string) bool {
	r := rehearsed(o)
	return r != nil && r.Downgrade == v1alpha1.FindingProven && revision != "" && r.Revision == revision
}

// servedOnCopy is what a rehearsal says of the old release on the new schema; empty
// when there was none. What a run that this one replaces has crossed was not tried: so
// it can refuse, but proves nothing.
func servedOnCopy(o *Observation) v1alpha1.Finding {
	r, found := rehearsed(o), o.run().FromRevision
	if r == nil || r.Rolling == v1alpha1.FindingProven && found != "" && found != r.Revision {
		return ""
	}
	return r.Rolling
}

// tryOnCopy follows the Job that rehearses, until it has found what there is to find.
func tryOnCopy(o *Observation, work Work) (d Decision, goesOn bool) {
	if !rehearses(o) || o.run().Rehearsal != nil && waited(o) {
		return Decision{}, false
	}
	return runJob(o, o.Rehearse, work, Action{Kind: RunJob, Script: migrations.Rehearse, Release: o.run().ToRelease,
		Current: o.run().FromRelease, Fence: o.Status.UpgradeRevision})
}
