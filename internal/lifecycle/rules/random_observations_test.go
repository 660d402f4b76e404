// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Decide answers every observation without a violation of the invariants, also observations
// that no run leads to (deleted releases, an edited status).
func TestRandomObservations(t *testing.T) {
	count := 60_000
	if testing.Short() {
		count = 20_000
	}
	rnd := rand.New(rand.NewPCG(7, 1))
	moves, kinds := map[lifecycle.Event]int{}, map[string]int{}
	for i := range count {
		o := randomObservation(rnd)
		before := *o
		before.Status = o.Status.DeepCopy()
		d := Decide(state.Of(o)) // a panic, such as one for a full Work, ends the test
		if broken := violation(o, &d); broken != "" {
			t.Fatalf("observation %d, in %s: %s\n%+v\nstatus %+v\nrun %+v\ndecision %+v", i, state.Of(o).Phase, broken, o, o.Status, o.Status.Upgrade, d)
		}
		moves[d.Move.Event]++
		for _, a := range d.Work.Actions() {
			kinds[fmt.Sprintf("%T", a)]++
		}
		if i%50 != 0 {
			continue
		}
		if diff := cmp.Diff(&before, o); diff != "" {
			t.Fatalf("Decide changed the observation (-before +after):\n%s", diff)
		}
	}
	for _, event := range lifecycle.Events() { // otherwise the invariants were not tested on every move
		if moves[event] == 0 {
			t.Errorf("no observation caused %s", event)
		}
	}
	for _, a := range []actions.Action{actions.RouteTraffic{}, actions.ApplyPage{}, actions.RemovePage{}, actions.ApplyTier{}, actions.RemoveTier{}, actions.StoreRelease{}, actions.RunJob{}, actions.EndJobs{}, actions.Prune{}} {
		if kind := fmt.Sprintf("%T", a); kinds[kind] == 0 {
			t.Errorf("no observation caused action %s", kind)
		}
	}
}

// violation describes the invariant that a decision violates; empty if none.
func violation(o *state.Observation, d *lifecycle.Decision) string {
	if d.Move.Event != "" {
		return moveViolation(o, d)
	}
	switch {
	case d.Move.Failed:
		return "fails without a move"
	case d.Kind == lifecycle.KindWait && (d.Reason == "" || d.Message == ""):
		return "waits without a reason or message"
	case d.Recheck < 0:
		return "rechecks in the past"
	}
	for _, a := range d.Work.Actions() {
		if broken := actionViolation(o, a); broken != "" {
			return broken
		}
	}
	return ""
}

func moveViolation(o *state.Observation, d *lifecycle.Decision) string {
	next, err := lifecycle.Advance(state.Of(o), d, 10)
	switch {
	case len(d.Work.Actions()) > 0:
		return "moves and works"
	case err != nil:
		return err.Error()
	case o.Policy.Paused:
		return "moves although paused"
	case d.Move.Failed && (d.Reason == "" || d.Message == ""):
		return "fails without a reason or message"
	case o.Migrating && (state.Of(o).Phase == v1alpha1.PhaseDBMigrate || state.Of(o).Phase == v1alpha1.PhaseRollback):
		return "leaves the phase while a migration runs"
	case (d.Move.Event == lifecycle.RollBack || d.Move.Event == lifecycle.NextClass) && (d.Move.Rollback.How.Class == "" || d.Move.Rollback.How.Class == v1alpha1.RollbackFrozen):
		return "rolls back although no rollback is possible"
	case d.Move.Event == lifecycle.RollBack && (d.Move.Rollback.Target.Hash == "" || o.StoredRelease(d.Move.Rollback.Target.Hash).Hash == ""):
		return "rolls back to a release that is not stored"
	case d.Move.Event == lifecycle.Verified && !o.Verify.Done, d.Move.Event == lifecycle.Restored && !o.Verify.Done, d.Move.Event == lifecycle.Reverted && !o.Verify.Done:
		return "ends the run without verification"
	case d.Move.Event == lifecycle.Migrated && !o.Migrate.Done:
		return "continues without the migration"
	case d.Move.Event == lifecycle.Begin && d.Tokens.Handled.Rollback != o.Tokens.Rollback:
		return "an older token would take effect on the new run"
	case next.UpgradeRevision < o.Status.UpgradeRevision, next.UpgradeRevision > o.Status.UpgradeRevision+1:
		return "the fence does not increase by at most one"
	case (d.Move.Event == lifecycle.Begin || d.Move.Event == lifecycle.RollBack || d.Move.Event == lifecycle.NextClass) && next.UpgradeRevision <= o.MaxFence:
		return "a new run has a used fence"
	case next.Upgrade == nil || len(next.Upgrade.Phases) > 16 || len(next.History) > 10:
		return "the record of the run is missing or unbounded"
	}
	return ""
}

func actionViolation(o *state.Observation, a actions.Action) string {
	switch a := a.(type) {
	case actions.RunJob:
		return jobViolation(o, a)
	case actions.ApplyTier:
		t := o.Tiers[a.Tier]
		switch {
		case o.StoredRelease(a.Release).Hash == "" && (!t.Exists || t.Release != a.Release):
			return "applies a tier at a release that is not stored"
		case t.Exists && a.Fence < t.Fence:
			return "the fence of a tier decreases"
		case o.Policy.Paused && t.Exists && a.Release != t.Release && !state.Resting(state.Of(o).Phase):
			return "moves a tier although paused"
		}
	case actions.RemoveTier:
		target := o.StoredRelease(state.Of(o).Run.ToRelease)
		switch {
		case state.Of(o).Phase == v1alpha1.PhaseRollback:
			target = o.StoredRelease(state.Of(o).Run.RollbackRelease)
		case state.Resting(state.Of(o).Phase):
			target = o.StoredRelease(o.Status.Release)
		}
		if target.Hash == "" || target.Has[a.Tier] {
			return "removes a tier that the stored release has"
		}
	case actions.EndJobs:
		if !o.LeftoverJobs {
			return "deletes leftover Jobs although there are none"
		}
	case actions.RemovePage:
		if o.Page.HasTraffic || actions.PageWanted(state.Of(o)) {
			return "removes the maintenance page while it is needed"
		}
	case actions.RouteTraffic:
		if a.ToPage && !o.Page.Ready {
			return "routes traffic to a page that is not ready"
		}
	case actions.StoreRelease, actions.ApplyPage, actions.Prune:
	}
	return ""
}

func jobViolation(o *state.Observation, a actions.RunJob) string {
	switch {
	case o.Policy.Paused:
		return "starts a Job although paused"
	case state.Resting(state.Of(o).Phase):
		return "starts a Job in a resting phase"
	case a.Script.ChangesSchema() && o.Migrating:
		return "changes the schema while another Job changes it"
	case (a.Script == migrations.Migrate || a.Script == migrations.Backup) && state.Of(o).Phase != v1alpha1.PhaseDBMigrate:
		return "migrates or backs up outside DBMigrate"
	case a.Script == migrations.Rehearse && (state.Of(o).Phase != v1alpha1.PhaseValidate || o.StoredRelease(a.Current).Hash == ""):
		return "rehearses without a running release, or outside Validate"
	case a.Script == migrations.BackupCheck && (state.Of(o).Phase != v1alpha1.PhaseValidate || !o.Policy.Backup):
		return "checks a backup that is not planned, or outside Validate"
	case a.Script == migrations.RestoreCheck && (state.Of(o).Phase != v1alpha1.PhaseRollback || a.Backup == ""):
		return "checks a restore outside Rollback, or without the name of its backup"
	case (a.Script == migrations.Downgrade || a.Script == migrations.Restore) && state.Of(o).Phase != v1alpha1.PhaseRollback:
		return "downgrades or restores outside Rollback"
	case a.Script.ChangesSchema() && o.Tiers[state.Scheduler].Pods > 0:
		return "changes the schema while a scheduler runs"
	case a.Script.ChangesSchema() && a.Script != migrations.Migrate && o.Tiers[state.Web].Pods+o.Tiers[state.Worker].Pods > 0:
		return "downgrades or restores while tiers run"
	case a.Script == migrations.Restore && a.Backup == "", a.Script == migrations.Backup && a.Backup == "":
		return "a Job without the name of its backup"
	case a.Release != o.Desired.Hash && o.StoredRelease(a.Release).Hash == "":
		return "a Job of an unknown release"
	case a.Fence != o.Status.UpgradeRevision || a.Attempt < 1 || a.Release == "":
		return fmt.Sprintf("an incomplete Job: %+v", a)
	case a.Attempt > lifecycle.MaxAttempts && !progressOf(o, a.Script).Result.Reason.Uncounted():
		return fmt.Sprintf("attempt %d, although the lock was not held by another Job", a.Attempt)
	case a.MaxLockTime > 0 && (a.Script != migrations.Migrate || state.Of(o).Run.Strategy != v1alpha1.StrategyRolling):
		return "has a lock budget although no tier runs"
	}
	return ""
}

func progressOf(o *state.Observation, script migrations.Script) migrations.Progress {
	return map[migrations.Script]migrations.Progress{
		migrations.Preflight: o.Preflight, migrations.BackupCheck: o.BackupCheck, migrations.Rehearse: o.Rehearse, migrations.Backup: o.Backup, migrations.Migrate: o.Migrate,
		migrations.Verify: o.Verify, migrations.Downgrade: o.Downgrade, migrations.RestoreCheck: o.RestoreCheck, migrations.Restore: o.Restore}[script]
}

func randomObservation(rnd *rand.Rand) *state.Observation {
	now := time.Unix(1_700_000_000, 0)
	flip := func() bool { return rnd.IntN(2) == 0 }
	pick := func() string { return []string{"", "a", "b", "c"}[rnd.IntN(4)] }
	release := func(h string, revision int64) state.Release {
		versions := []string{"4.1.0", "5.0.0", "6.0.0", "7.0.0", "nonsense"}
		return state.Release{Hash: h, Version: versions[rnd.IntN(len(versions))], Revision: revision, Head: []string{"", "r", "q"}[rnd.IntN(3)],
			Key: []string{"k", "k", "l"}[rnd.IntN(3)], PreviousKey: []string{"", "k"}[rnd.IntN(2)], KeyPrefix: []string{"", "bi"}[rnd.IntN(2)], Has: [3]bool{flip(), flip(), flip()}}
	}
	since := metav1.NewTime(now.Add(-time.Duration(rnd.IntN(5000)) * time.Second))
	o := &state.Observation{
		Now: now,
		Status: &v1alpha1.SupersetStatus{
			Phase: v1alpha1.Phases[rnd.IntN(len(v1alpha1.Phases))], UpgradeRevision: 5, PhaseSince: &since,
			Release: pick(), PreviousRelease: pick(),
			LastHandled: v1alpha1.LastHandled{Rollback: pick(), Retry: pick()},
			Upgrade: &v1alpha1.UpgradeStatus{
				Kind: v1alpha1.KindConfigChange, FromRelease: pick(), ToRelease: pick(), HeldRelease: pick(), RollbackRelease: pick(),
				Touched: flip(), WorkingSince: &since, Strategy: []v1alpha1.Strategy{"", v1alpha1.StrategyDrain, v1alpha1.StrategyRolling}[rnd.IntN(3)],
			},
		},
		Policy: state.Policy{Rehearsal: []v1alpha1.RehearsalPolicy{v1alpha1.RehearsalNever, v1alpha1.RehearsalWhenNotAdditive, v1alpha1.RehearsalAlways}[rnd.IntN(3)],
			Paused: rnd.IntN(8) == 0, AllowSkip: flip(), AllowUnsupported: flip(),
			OnFailure: []v1alpha1.FailurePolicy{v1alpha1.OnFailureRollback, v1alpha1.OnFailureHold}[rnd.IntN(2)]},
		Tokens:  v1alpha1.LastHandled{Rollback: []string{"", "", "x", "3", "5.0.0", "a"}[rnd.IntN(6)], Retry: pick()},
		Desired: release([]string{"a", "b", "c", "d"}[rnd.IntN(4)], 0), MaxFence: 4 + int64(rnd.IntN(2)),
		Preflight: randomProgress(rnd), Rehearse: randomProgress(rnd), Backup: randomProgress(rnd), Migrate: randomProgress(rnd),
		Verify: randomProgress(rnd), Downgrade: randomProgress(rnd), Restore: randomProgress(rnd),
		Migrating: rnd.IntN(3) == 0, LeftoverJobs: flip(),
	}
	for i, h := range []string{"c", "b", "a"} {
		if rnd.IntN(4) > 0 { // sometimes a release is missing
			o.Stored = append(o.Stored, release(h, int64(3-i)))
		}
	}
	if rnd.IntN(10) == 0 {
		o.Status.Upgrade = nil
	} else if flip() { // so that spec asks for the target of the run
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

// randomPlan adds what depends on a plan: gates, the maintenance page and a stored plan, which
// is sometimes the current one.
func randomPlan(rnd *rand.Rand, o *state.Observation) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	o.Policy.MaintenancePage = flip()
	o.Policy.Rollback = []v1alpha1.RollbackChoice{v1alpha1.RollbackAuto, "Image", "Downgrade", "Restore"}[rnd.IntN(4)]
	o.Policy.Backup = flip()
	if flip() {
		o.Status.Backups = []v1alpha1.BackupStatus{{Name: "r4", Revision: []string{"r", "q"}[rnd.IntN(2)], TakenAt: *o.Status.PhaseSince, SecretKey: "k"}}
	}
	o.Page = state.Page{Exists: flip(), Ready: flip(), HasTraffic: flip(), Blocked: []string{"", "ErrImagePull"}[rnd.IntN(2)]}
	o.Policy.Approval = []v1alpha1.Approval{v1alpha1.ApprovalNever, v1alpha1.ApprovalAlways}[rnd.IntN(2)]
	if rnd.IntN(3) == 0 {
		o.Policy.Gates = []v1alpha1.Phase{v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeWeb}
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
	if state.Of(o).Phase == v1alpha1.PhaseRollback && rnd.IntN(3) == 0 {
		o.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Class: []v1alpha1.RollbackClass{"Image", "Downgrade", "Restore"}[rnd.IntN(3)],
			Revision: "q", Release: "a", Backup: "r4", FellBack: []string{"", "it failed"}[rnd.IntN(2)]}
	}
	hash := plan.Hash(state.Of(o), plan.Make(state.Of(o)))
	for i := range o.Stored {
		if o.Stored[i].Hash == o.Status.Upgrade.ToRelease && flip() {
			o.Stored[i].PlanHash = hash
		}
	}
	o.Tokens.Approve = []string{"", hash, "sha256-of-the-plan/UpgradeWeb", "yes"}[rnd.IntN(4)]
}

func randomTiers(rnd *rand.Rand, o *state.Observation) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	arrived := rnd.IntN(3) == 0 // so that stages end sometimes
	for i := range o.Tiers {
		o.Tiers[i] = state.Tier{Exists: flip(), Release: []string{"a", "b", "c"}[rnd.IntN(3)], Fence: int64(4 + rnd.IntN(2)),
			Mode: []v1alpha1.Mode{v1alpha1.ModeServe, v1alpha1.ModeHold}[rnd.IntN(2)], Current: flip(), Settled: flip(),
			Pods: rnd.IntN(2), Stray: rnd.IntN(2), Blocked: []string{"", "container superset crashes"}[rnd.IntN(2)]}
		if arrived {
			goal := state.Of(o).Run.ToRelease
			if state.Of(o).Phase == v1alpha1.PhaseRollback {
				goal = state.Of(o).Run.RollbackRelease
			}
			t := &o.Tiers[i]
			*t = state.Tier{Exists: true, Release: goal, Fence: 5, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1}
			if i == state.Scheduler && (state.Of(o).Phase == v1alpha1.PhaseUpgradeScheduler || state.Of(o).Phase == v1alpha1.PhaseDBMigrate) {
				t.Mode, t.Pods = v1alpha1.ModeHold, 0
			}
		}
		if !o.Tiers[i].Exists {
			o.Tiers[i] = state.Tier{Pods: o.Tiers[i].Pods, Blocked: o.Tiers[i].Blocked}
		}
	}
}

func randomProgress(rnd *rand.Rand) migrations.Progress {
	p := migrations.Progress{Attempt: rnd.IntN(5)}
	if p.Attempt == 0 {
		return p
	}
	reasons := []migrations.Reason{migrations.ReasonDatabaseAhead, migrations.ReasonJobCrashed, migrations.ReasonLockTimeout, migrations.ReasonCheckUnanswered,
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
