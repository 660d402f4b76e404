// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// midway is an upgrade from a to b in a phase, with all tiers at a.
func midway(phase v1alpha1.Phase) *Observation {
	all := [3]bool{true, true, true}
	now := metav1.Unix(1_700_000_000, 0)
	o := &Observation{
		Now:     now.Time,
		Desired: Release{Hash: "b", Version: "6.0.0", Has: all},
		Stored:  []Release{{Hash: "b", Version: "6.0.0", Revision: 5, Has: all}, {Hash: "a", Version: "5.0.0", Revision: 4, Has: all}},
		Status: &v1alpha1.SupersetStatus{Phase: phase, PhaseSince: &now, UpgradeRevision: 5, Release: "a",
			Upgrade: &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindUpgrade, From: "5.0.0", To: "6.0.0", FromRelease: "a", ToRelease: "b", RollbackRelease: "a", Touched: true}},
		MaxFence: 5,
	}
	for i := range o.Tiers {
		o.Tiers[i] = Tier{Exists: true, Release: "a", Fence: 4, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
	}
	return o
}

// A release that is not in store (the cache lags, or somebody deleted its
// ControllerRevision) has no tiers that anybody knows of. That must not be
// read as a wish to remove them.
func TestLostReleaseRemovesNothing(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{scheduler, workers, web, rollback} {
		o := midway(phase)
		missing := "b"
		if phase == rollback {
			missing = "a"
		}
		o.Stored = slices.DeleteFunc(o.Stored, func(r Release) bool { return r.Hash == missing })
		d := Decide(o)
		if d.Move != "" || !d.Waiting || !strings.Contains(d.Message, "release "+missing+" is missing") {
			t.Errorf("%s: %q, %q; want to wait for release %s", phase, d.Move, d.Message, missing)
		}
		var stores bool
		for _, a := range d.Work.Actions() {
			stores = stores || a.Kind == StoreRelease
			if a.Kind == RemoveTier || a.Kind == ApplyTier && (a.Release != "a" || a.Fence != 4) {
				t.Errorf("%s: %+v, although nobody knows release %s", phase, a, missing)
			}
		}
		if stores != (missing == "b") {
			t.Errorf("%s: stores the release anew: %v; spec still asks for b, not for a", phase, stores)
		}
	}
	// The way back to a release that is gone is no way.
	for _, phase := range []v1alpha1.Phase{dbMigrate, scheduler, workers, web, verify, failed} {
		o := midway(phase)
		o.Desired = o.stored("a")
		o.Stored = o.Stored[:1]
		if d := Decide(o); d.Move == RollBack {
			t.Errorf("%s: rolls back to release %q, which is not in store", phase, d.Back.Hash)
		}
	}
}

// A cache that catches up shows the phases of a run once more. A scheduler that
// serves at the target since a later one is not held again for that.
func TestStatusOfThePastHoldsNothingAgain(t *testing.T) {
	for _, phase := range []v1alpha1.Phase{dbMigrate, scheduler, workers} {
		for fence, want := range map[int64]v1alpha1.Mode{5: v1alpha1.ModeServe, 4: v1alpha1.ModeHold} {
			o := midway(phase)
			o.Tiers[Scheduler].Release, o.Tiers[Scheduler].Fence = "b", fence
			o.Tiers[Worker].Stray = 1 // workers are on their way
			d := Decide(o)
			found := false
			for _, a := range d.Work.Actions() {
				if a.Kind == ApplyTier && a.Tier == Scheduler {
					found = true
					if a.Mode != want {
						t.Errorf("%s, a scheduler of fence %d: %+v, want %s", phase, fence, a, want)
					}
				}
			}
			if !found {
				t.Errorf("%s: %+v has nothing about the scheduler", phase, d)
			}
		}
	}
}

// A scheduler that was lost comes back while the run is proven, at the release
// that runs. Where the run leads there too, it is held all the same in its turn.
func TestLostSchedulerIsHeldInItsTurn(t *testing.T) {
	o := midway(validate)
	o.Desired = o.stored("a")
	o.Status.Upgrade.ToRelease, o.Status.Upgrade.To, o.Status.Upgrade.Kind = "a", "5.0.0", v1alpha1.KindConfigChange
	o.Tiers[Scheduler] = Tier{}
	d := Decide(o)
	for _, a := range d.Work.Actions() {
		if a.Kind == ApplyTier && a.Tier == Scheduler {
			o.Tiers[Scheduler] = Tier{Exists: true, Release: a.Release, Fence: a.Fence, Mode: a.Mode, Current: true, Settled: true, Pods: 1, Ready: 1}
		}
	}
	if !o.Tiers[Scheduler].Exists {
		t.Fatal("the scheduler does not come back")
	}
	for _, phase := range []v1alpha1.Phase{dbMigrate, scheduler} {
		o.Status.Phase = phase
		held := false
		d := Decide(o)
		for _, a := range d.Work.Actions() {
			held = held || a.Kind == ApplyTier && a.Tier == Scheduler && a.Mode == v1alpha1.ModeHold
		}
		if !held {
			t.Errorf("%s: the scheduler is not held, and waited for", phase)
		}
	}
}

// A status that lost its run, by a hand or a restore, begins anew instead of
// panicking, under a fence that no child has.
func TestLostRunBeginsAnew(t *testing.T) {
	for _, phase := range v1alpha1.Phases {
		o := midway(phase)
		o.Status.Upgrade, o.Status.UpgradeRevision, o.MaxFence = nil, 0, 9
		d := Decide(o)
		if d.Move != Begin {
			t.Errorf("%s without a run: %q, want Begin", phase, d.Move)
			continue
		}
		next, err := Advance(o, &d, 10)
		if err != nil || next.UpgradeRevision != 10 || next.Phase != validate {
			t.Errorf("%s without a run: %+v, %v", phase, next, err)
		}
	}
}
