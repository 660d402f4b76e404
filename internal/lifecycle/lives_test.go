// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Every life, whatever a user does in it, reaches a resting phase; and once
// nothing is broken any more and a retry is asked for, it ends in Ready with
// what spec asks for.
func TestRandomLives(t *testing.T) {
	lives := 3000
	if testing.Short() {
		lives = 300
	}
	for seed := range uint64(lives) {
		s := newSim(t, seed)
		s.policy.Strategy = []v1alpha1.Strategy{v1alpha1.StrategyDrain, v1alpha1.StrategyRolling}[s.rnd.IntN(2)]
		s.policy.OnFailure = []v1alpha1.FailurePolicy{v1alpha1.OnFailureRollback, v1alpha1.OnFailureHold}[s.rnd.IntN(2)]
		for range 60 {
			if s.rnd.IntN(4) == 0 {
				s.disturb()
			}
			if d := s.reconcile(); d.Recheck > 0 && s.rnd.IntN(10) == 0 {
				s.now = s.now.Add(d.Recheck)
			}
			s.world()
		}
		s.policy.Paused, s.broken = false, map[string]migrations.Reason{}
		s.settle(600)
		s.want(6, 0)
		s.policy.AllowSkip = true
		s.tokens = v1alpha1.LastHandled{Retry: "the last"}
		s.settle(600)
		if s.status.Phase != ready || s.status.Release != s.desired.Hash {
			s.fail("life %d ends in %s at %s, not in Ready at %s", seed, s.status.Phase, s.status.Release, s.desired.Hash)
		}
	}
}

// disturb is what users and the world do at random moments.
func (s *sim) disturb() {
	switch s.rnd.IntN(9) {
	case 0, 1, 2:
		s.want(4+s.rnd.IntN(3), []int{0, 1, 9}[s.rnd.IntN(3)])
	case 3:
		s.tokens.Rollback = fmt.Sprint("token-", s.rnd.IntN(100))
		s.log("rollback token")
	case 4:
		s.tokens.Retry = fmt.Sprint("token-", s.rnd.IntN(100))
		s.log("retry token")
	case 5:
		s.policy.Paused = !s.policy.Paused
		s.log("paused: %v", s.policy.Paused)
	case 6:
		script := migrations.Scripts[s.rnd.IntN(3)]
		reasons := []migrations.Reason{migrations.ReasonConfigInvalid, migrations.ReasonDatabaseUnreachable, migrations.ReasonJobCrashed}
		s.broken[s.desired.Hash+"/"+string(script)] = reasons[s.rnd.IntN(3)]
	case 7:
		s.broken[s.desired.Hash] = "TierBroken"
	case 8:
		tier := s.rnd.IntN(3)
		s.tiers[tier].Settled = false // a pod is lost
		if s.rnd.IntN(3) == 0 {
			s.tiers[tier] = Tier{} // somebody deletes a component
		}
	}
}

// Decide is total: it answers any observation, never both moves and works with
// anything but what it keeps, and every move it asks for is in the table.
func TestRandomObservations(t *testing.T) {
	count := 200_000
	if testing.Short() {
		count = 20_000
	}
	s := newSim(t, 7)
	for range count {
		o := s.randomObservation()
		d := Decide(o)
		if d.Move == "" {
			continue
		}
		if _, err := Next(o.phase(), d.Move); err != nil {
			t.Fatalf("%v\n%+v", err, o)
		}
		if o.Policy.Paused {
			t.Fatalf("moves on %s although paused", d.Move)
		}
		if o.Migrating && d.Move != Begin && (o.phase() == dbMigrate || o.phase() == rollback) {
			t.Fatalf("leaves %s on %s while a migration runs", o.phase(), d.Move)
		}
		if d.Move == RollBack && d.Back.Hash == "" {
			t.Fatalf("rolls back to nothing from %s", o.phase())
		}
		if d.Move == Verified && !o.Verify.Done {
			t.Fatal("verified without a verification")
		}
	}
}

func (s *sim) randomObservation() *Observation {
	hashes := []string{"", "a", "b", "c"}
	pick := func() string { return hashes[s.rnd.IntN(4)] }
	flip := func() bool { return s.rnd.IntN(2) == 0 }
	release := func(h string) Release {
		return Release{Hash: h, Version: fmt.Sprintf("%d.0.0", 4+len(h)*int(append([]byte(h), 'a')[0]-'a')), Revision: 3, Has: [3]bool{flip(), flip(), flip()}}
	}
	progress := func() migrations.Progress {
		return migrations.Progress{Attempt: s.rnd.IntN(4), Active: flip(), Done: s.rnd.IntN(3) == 0,
			Result: migrations.Result{Reason: []migrations.Reason{"", migrations.ReasonDatabaseAhead, migrations.ReasonJobCrashed}[s.rnd.IntN(3)]}}
	}
	since := timeOf(s.now, -s.rnd.IntN(5000))
	o := &Observation{
		Now: s.now, Desired: release("a"), Stored: []Release{release("a"), release("b"), release("c")},
		Status: &v1alpha1.SupersetStatus{
			Phase: v1alpha1.Phases[s.rnd.IntN(len(v1alpha1.Phases))], UpgradeRevision: 5, PhaseSince: &since,
			Release: pick(), PreviousRelease: pick(),
			Upgrade: &v1alpha1.UpgradeStatus{FromRelease: pick(), ToRelease: pick(), HeldRelease: pick(), RollbackRelease: pick(), Touched: flip()},
		},
		Policy:    Policy{Paused: s.rnd.IntN(8) == 0, AllowSkip: flip()},
		Tokens:    v1alpha1.LastHandled{Rollback: []string{"", "", "x", "3", "5.0.0"}[s.rnd.IntN(5)], Retry: pick()},
		Preflight: progress(), Migrate: progress(), Verify: progress(),
		Migrating: s.rnd.IntN(3) == 0, Leftover: flip(),
	}
	for i := range o.Tiers {
		o.Tiers[i] = Tier{Exists: flip(), Release: []string{"a", "b", "c"}[s.rnd.IntN(3)], Fence: int64(4 + s.rnd.IntN(2)),
			Mode: []v1alpha1.Mode{v1alpha1.ModeServe, v1alpha1.ModeHold}[s.rnd.IntN(2)], Current: flip(), Settled: flip(), Pods: s.rnd.IntN(2)}
	}
	return o
}

// At rest Decide allocates nothing: a fleet that rests costs nothing.
func TestRestAllocatesNothing(t *testing.T) {
	s := newSim(t, 1)
	s.settle(200)
	o := s.observe()
	if d := Decide(o); d.Move != "" || d.Reason != v1alpha1.ReasonReady {
		t.Fatalf("not at rest: %+v", d)
	}
	if n := testing.AllocsPerRun(100, func() { Decide(o) }); n != 0 {
		t.Errorf("Decide allocates %v times at rest", n)
	}
}

func timeOf(now time.Time, seconds int) metav1.Time {
	return metav1.NewTime(now.Add(time.Duration(seconds) * time.Second))
}
