// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Decide is total: it answers any observation, also such as no life leads to
// (releases deleted by somebody, a status that was edited), and breaks no law.
func TestRandomObservations(t *testing.T) {
	count := 60_000
	if testing.Short() {
		count = 20_000
	}
	rnd := rand.New(rand.NewPCG(7, 1))
	moves, kinds := map[Event]int{}, map[ActionKind]int{}
	for i := range count {
		o := randomObservation(rnd)
		before := *o
		before.Status = o.Status.DeepCopy()
		d := Decide(o) // a panic, such as of a Work that is full, ends the test
		if broken := breaks(o, &d); broken != "" {
			t.Fatalf("observation %d, in %s: %s\n%+v\nstatus %+v\nrun %+v\ndecided %+v", i, o.phase(), broken, o, o.Status, o.Status.Upgrade, d)
		}
		moves[d.Move]++
		for _, a := range d.Work.Actions() {
			kinds[a.Kind]++
		}
		if i%50 != 0 {
			continue
		}
		if diff := cmp.Diff(&before, o); diff != "" {
			t.Fatalf("Decide changed what it was given (-before +after):\n%s", diff)
		}
	}
	for _, row := range transitions { // else the laws were tested on too little
		if moves[row.event] == 0 {
			t.Errorf("no observation led to %s", row.event)
		}
	}
	for kind := StoreRelease; kind <= Prune; kind++ {
		if kinds[kind] == 0 {
			t.Errorf("no observation led to action %d", kind)
		}
	}
}

// breaks names the law that a decision breaks; empty when it breaks none.
func breaks(o *Observation, d *Decision) string {
	if d.Move != "" {
		return breaksByMove(o, d)
	}
	switch {
	case d.Failed:
		return "fails without a move"
	case d.Waiting && (d.Reason == "" || d.Message == ""):
		return "waits without saying for what"
	case d.Recheck < 0:
		return "looks again in the past"
	}
	for _, a := range d.Work.Actions() {
		if broken := breaksByAction(o, a); broken != "" {
			return broken
		}
	}
	return ""
}

func breaksByMove(o *Observation, d *Decision) string {
	next, err := Advance(o, d, 10)
	switch {
	case len(d.Work.Actions()) > 0:
		return "moves and works"
	case err != nil:
		return err.Error()
	case o.Policy.Paused:
		return "moves although paused"
	case d.Failed && (d.Reason == "" || d.Message == ""):
		return "fails without saying why"
	case o.Migrating && (o.phase() == dbMigrate || o.phase() == rollback):
		return "leaves while a migration runs"
	case (d.Move == RollBack || d.Move == NextClass) && (d.Way.Class == "" || d.Way.Class == v1alpha1.RollbackFrozen):
		return "goes back although nothing leads there"
	case d.Move == RollBack && (d.Back.Hash == "" || o.stored(d.Back.Hash).Hash == ""):
		return "rolls back to what is not stored"
	case d.Move == Verified && !o.Verify.Done, d.Move == Restored && !o.Verify.Done, d.Move == Reverted && !o.Verify.Done:
		return "trusts what was not verified"
	case d.Move == Migrated && !o.Migrate.Done:
		return "goes on without the migration"
	case d.Move == Begin && d.Handled.Rollback != o.Tokens.Rollback:
		return "a leftover token would act upon the run that begins"
	case next.UpgradeRevision < o.Status.UpgradeRevision, next.UpgradeRevision > o.Status.UpgradeRevision+1:
		return "the fence does not go on by one"
	case (d.Move == Begin || d.Move == RollBack || d.Move == NextClass) && next.UpgradeRevision <= o.MaxFence:
		return "a new run has a fence that was used"
	case next.Upgrade == nil || len(next.Upgrade.Phases) > maxPhases || len(next.History) > 10:
		return "the run's record is missing or unbounded"
	}
	return ""
}

func breaksByAction(o *Observation, a Action) string {
	switch a.Kind {
	case RunJob:
		return breaksByJob(o, a)
	case ApplyTier:
		t := o.Tiers[a.Tier]
		switch {
		case o.stored(a.Release).Hash == "" && (!t.Exists || t.Release != a.Release):
			return "puts a tier at a release that is not stored"
		case t.Exists && a.Fence < t.Fence:
			return "the fence of a tier shrinks"
		case o.Policy.Paused && t.Exists && a.Release != t.Release && !resting(o.phase()):
			return "moves a tier although paused"
		}
	case RemoveTier:
		target := o.stored(o.run().ToRelease)
		switch {
		case o.phase() == rollback:
			target = o.stored(o.run().RollbackRelease)
		case resting(o.phase()):
			target = o.stored(o.Status.Release)
		}
		if target.Hash == "" || target.Has[a.Tier] {
			return "removes a tier that no stored release leaves out"
		}
	case EndJobs:
		if !o.Leftover {
			return "ends Jobs though none is left over"
		}
	case RemovePage:
		if o.Page.InFront || PageWanted(o) {
			return "removes the page that users are led to"
		}
	case ApplyService:
		if a.Page && !o.Page.Ready {
			return "leads users to a page that is not ready"
		}
	case StoreRelease, ApplyPage, Prune:
	}
	return ""
}

func breaksByJob(o *Observation, a Action) string {
	switch {
	case o.Policy.Paused:
		return "starts a Job although paused"
	case resting(o.phase()):
		return "starts a Job at rest"
	case a.Script.Changes() && o.Migrating:
		return "changes the schema while another Job does"
	case (a.Script == migrations.Migrate || a.Script == migrations.Backup) && o.phase() != dbMigrate:
		return "migrates outside DBMigrate"
	case a.Script == migrations.Rehearse && (o.phase() != validate || o.stored(a.Current).Hash == ""):
		return "rehearses for no release that runs, or outside Validate"
	case (a.Script == migrations.Downgrade || a.Script == migrations.Restore) && o.phase() != rollback:
		return "takes the database back outside Rollback"
	case a.Script.Changes() && o.Tiers[Scheduler].Pods > 0:
		return "changes the schema beside a scheduler"
	case a.Script.Changes() && a.Script != migrations.Migrate && o.Tiers[Web].Pods+o.Tiers[Worker].Pods > 0:
		return "takes the database back beside tiers"
	case a.Script == migrations.Restore && a.Backup == "", a.Script == migrations.Backup && a.Backup == "":
		return "a Job of no backup"
	case a.Release != o.Desired.Hash && o.stored(a.Release).Hash == "":
		return "a Job of a release that nobody has"
	case a.Fence != o.Status.UpgradeRevision || a.Attempt < 1 || a.Release == "":
		return fmt.Sprintf("a Job of nothing: %+v", a)
	case a.Attempt > maxAttempts && progressOf(o, a.Script).Result.Reason != migrations.ReasonLockTimeout:
		return fmt.Sprintf("attempt %d, although nobody else holds the lock", a.Attempt)
	case a.MaxLock > 0 && (a.Script != migrations.Migrate || o.run().Strategy != v1alpha1.StrategyRolling):
		return "locks tables although nothing runs beside it"
	}
	return ""
}

func progressOf(o *Observation, script migrations.Script) migrations.Progress {
	return map[migrations.Script]migrations.Progress{
		migrations.Preflight: o.Preflight, migrations.Rehearse: o.Rehearse, migrations.Backup: o.Backup, migrations.Migrate: o.Migrate,
		migrations.Verify: o.Verify, migrations.Downgrade: o.Downgrade, migrations.Restore: o.Restore}[script]
}

func randomObservation(rnd *rand.Rand) *Observation {
	now := time.Unix(1_700_000_000, 0)
	flip := func() bool { return rnd.IntN(2) == 0 }
	pick := func() string { return []string{"", "a", "b", "c"}[rnd.IntN(4)] }
	release := func(h string, revision int64) Release {
		versions := []string{"4.1.0", "5.0.0", "6.0.0", "7.0.0", "nonsense"}
		return Release{Hash: h, Version: versions[rnd.IntN(len(versions))], Revision: revision, Head: []string{"", "r", "q"}[rnd.IntN(3)],
			Key: []string{"k", "k", "l"}[rnd.IntN(3)], PreviousKey: []string{"", "k"}[rnd.IntN(2)], Has: [3]bool{flip(), flip(), flip()}}
	}
	since := metav1.NewTime(now.Add(-time.Duration(rnd.IntN(5000)) * time.Second))
	o := &Observation{
		Now: now,
		Status: &v1alpha1.SupersetStatus{
			Phase: v1alpha1.Phases[rnd.IntN(len(v1alpha1.Phases))], UpgradeRevision: 5, PhaseSince: &since,
			Release: pick(), PreviousRelease: pick(),
			LastHandled: v1alpha1.LastHandled{Rollback: pick(), Retry: pick()},
			Upgrade: &v1alpha1.UpgradeStatus{
				Kind: v1alpha1.KindConfigChange, FromRelease: pick(), ToRelease: pick(), HeldRelease: pick(), RollbackRelease: pick(),
				Touched: flip(), Strategy: []v1alpha1.Strategy{"", v1alpha1.StrategyDrain, v1alpha1.StrategyRolling}[rnd.IntN(3)],
			},
		},
		Policy: Policy{Rehearsal: []v1alpha1.RehearsalPolicy{v1alpha1.RehearsalNever, v1alpha1.RehearsalWhenNotAdditive, v1alpha1.RehearsalAlways}[rnd.IntN(3)],
			Paused: rnd.IntN(8) == 0, AllowSkip: flip(), AllowUnsupported: flip(),
			OnFailure: []v1alpha1.FailurePolicy{v1alpha1.OnFailureRollback, v1alpha1.OnFailureHold}[rnd.IntN(2)]},
		Tokens:  v1alpha1.LastHandled{Rollback: []string{"", "", "x", "3", "5.0.0", "a"}[rnd.IntN(6)], Retry: pick()},
		Desired: release([]string{"a", "b", "c", "d"}[rnd.IntN(4)], 0), MaxFence: 4 + int64(rnd.IntN(2)),
		Preflight: randomProgress(rnd), Rehearse: randomProgress(rnd), Backup: randomProgress(rnd), Migrate: randomProgress(rnd),
		Verify: randomProgress(rnd), Downgrade: randomProgress(rnd), Restore: randomProgress(rnd),
		Migrating: rnd.IntN(3) == 0, Leftover: flip(),
	}
	for i, h := range []string{"c", "b", "a"} {
		if rnd.IntN(4) > 0 { // now and then somebody deletes one
			o.Stored = append(o.Stored, release(h, int64(3-i)))
		}
	}
	if rnd.IntN(10) == 0 {
		o.Status.Upgrade = nil
	} else if flip() { // so that spec asks for where the run leads
		o.Status.Upgrade.ToRelease = o.Desired.Hash
	}
	if flip() {
		o.Status.Schema = &v1alpha1.SchemaStatus{Database: []string{"postgresql", "mysql"}[rnd.IntN(2)], Revision: "r", AheadAfterRollback: flip()}
	}
	if rnd.IntN(10) == 0 {
		o.Invalid = "spec.config.raw is wrong"
	}
	randomTiers(rnd, o)
	randomPlan(rnd, o)
	return o
}

// randomPlan adds what a plan brings: gates, the page, and a stored plan that is
// the one in the making now and then.
func randomPlan(rnd *rand.Rand, o *Observation) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	o.Policy.Page = flip()
	o.Policy.Rollback = []v1alpha1.RollbackChoice{v1alpha1.RollbackAuto, "Image", "Downgrade", "Restore"}[rnd.IntN(4)]
	o.Policy.Backup = flip()
	if flip() {
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r4", Revision: []string{"r", "q"}[rnd.IntN(2)], TakenAt: *o.Status.PhaseSince, SecretKey: "k"}}
	}
	o.Page = Page{Exists: flip(), Ready: flip(), InFront: flip(), Blocked: []string{"", "ErrImagePull"}[rnd.IntN(2)]}
	o.Policy.Approval = []v1alpha1.Approval{v1alpha1.ApprovalNever, v1alpha1.ApprovalAlways}[rnd.IntN(2)]
	if rnd.IntN(3) == 0 {
		o.Policy.Gates = []v1alpha1.Phase{dbMigrate, web}
	}
	if o.Status.Upgrade == nil {
		return
	}
	if flip() {
		o.Status.Upgrade.Plan = &v1alpha1.Plan{Strategy: v1alpha1.StrategyRolling, MaxLockTime: &metav1.Duration{Duration: time.Second},
			Fallback: []v1alpha1.Strategy{"", v1alpha1.StrategyDrain}[rnd.IntN(2)]}
		o.Status.Upgrade.PlanHash = "sha256-of-the-plan"
		o.Status.Upgrade.Plan.Backup = flip()
	}
	if o.phase() == rollback && rnd.IntN(3) == 0 {
		o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: []v1alpha1.RollbackClass{"Image", "Downgrade", "Restore"}[rnd.IntN(3)],
			Revision: "q", Release: "a", Backup: "r4", FellBack: []string{"", "it failed"}[rnd.IntN(2)]}
	}
	hash := planHash(o, planOf(o))
	for i := range o.Stored {
		if o.Stored[i].Hash == o.Status.Upgrade.ToRelease && flip() {
			o.Stored[i].Plan = hash
		}
	}
	o.Tokens.Approve = []string{"", hash, "sha256-of-the-plan/UpgradeWeb", "yes"}[rnd.IntN(4)]
}

func randomTiers(rnd *rand.Rand, o *Observation) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	arrived := rnd.IntN(3) == 0 // so that stages end now and then
	for i := range o.Tiers {
		o.Tiers[i] = Tier{Exists: flip(), Release: []string{"a", "b", "c"}[rnd.IntN(3)], Fence: int64(4 + rnd.IntN(2)),
			Mode: []v1alpha1.Mode{v1alpha1.ModeServe, v1alpha1.ModeHold}[rnd.IntN(2)], Current: flip(), Settled: flip(),
			Pods: rnd.IntN(2), Stray: rnd.IntN(2), Blocked: []string{"", "container superset crashes"}[rnd.IntN(2)]}
		if arrived {
			goal := o.run().ToRelease
			if o.phase() == rollback {
				goal = o.run().RollbackRelease
			}
			t := &o.Tiers[i]
			*t = Tier{Exists: true, Release: goal, Fence: 5, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1}
			if i == Scheduler && (o.phase() == scheduler || o.phase() == dbMigrate) {
				t.Mode, t.Pods = v1alpha1.ModeHold, 0
			}
		}
		if !o.Tiers[i].Exists {
			o.Tiers[i] = Tier{Pods: o.Tiers[i].Pods, Blocked: o.Tiers[i].Blocked}
		}
	}
}

func randomProgress(rnd *rand.Rand) migrations.Progress {
	p := migrations.Progress{Attempt: rnd.IntN(5)}
	if p.Attempt == 0 {
		return p
	}
	reasons := []migrations.Reason{migrations.ReasonDatabaseAhead, migrations.ReasonJobCrashed, migrations.ReasonLockTimeout,
		migrations.ReasonTablesBusy, migrations.ReasonLockBudgetExceeded, migrations.ReasonMigrationFailed, migrations.ReasonDowngradeFailed}
	switch rnd.IntN(3) {
	case 0:
		p.Active = true
	case 1:
		p.Done, p.Result = true, migrations.Result{Revision: "r", PendingCount: int32(rnd.IntN(2))}
	default:
		p.Result = migrations.Result{Reason: reasons[rnd.IntN(len(reasons))], Message: "made to fail", Revision: "r"}
	}
	return p
}
