// SPDX-License-Identifier: Apache-2.0

package model

import (
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Mutants are the faults that the invariants must find.
var Mutants = slices.Concat(runMutants, operatorMutants)

// runMutants are faults of what a run does.
var runMutants = []Mutant{
	{"two migrations in the database without its lock", "I1", with("late Jobs", budgets{Edits: 1, Tokens: 2, Zombies: 1}),
		func(p *Premises) { p.DatabaseLock = false }},
	{"a migration starts while another runs", "I1", with("rolling", budgets{Edits: 1, Tokens: 2}),
		observing(func(o *machine.Observation) { o.Migrating, o.Migrate.Active = false, false })},
	{"the migration is skipped", "I2", with("rolling", budgets{Edits: 1}),
		deciding(func(_ *machine.Observation, d *lifecycle.Decision) {
			if d.Moves(lifecycle.Migrate) {
				d.Move.Event = lifecycle.SkipMigration
			}
		})},
	{"an active migration counts as done", "I2", with("rolling", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			if o.Migrate.Active {
				o.Migrating, o.Migrate.Active, o.Migrate.Done = false, false, true
			}
		})},
	{"edits and tokens take effect during a migration", "I3", with("edits", budgets{Edits: 3}),
		observing(func(o *machine.Observation) {
			if o.Desired.Hash != runTarget(o) {
				o.Migrating, o.Migrate.Active = false, false
			}
		})},
	{"a tier counts as stopped while a pod is terminating", "I3", with("rolling", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			for i := range o.Tiers {
				if o.Tiers[i].Mode == v1alpha1.ModeHold {
					o.Tiers[i].Pods = 0
				}
			}
		})},
	{"a Drain does not stop the workers", "I3", with("drain", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.Phase == v1alpha1.PhaseDBMigrate {
				o.Tiers[machine.Worker] = machine.Tier{}
			}
		})},
	{"the database is treated as one with transactional DDL", "I3", with("halves", budgets{Edits: 1, Fails: 1, Tokens: 1}),
		observing(func(o *machine.Observation) {
			for _, p := range []*migrations.Progress{&o.Preflight, &o.Migrate, &o.Downgrade, &o.Restore} {
				if p.Result.Database != "" {
					p.Result.Database = postgresql
				}
			}
		})},
	{"a failed attempt that changed the schema is forgotten after the next attempt", "I3", with("halves", budgets{Edits: 1, Tokens: 1, Fails: 2}),
		observing(func(o *machine.Observation) {
			if o.Status = o.Status.DeepCopy(); o.Status.Schema != nil {
				o.Status.Schema.HalfMigrated = false
			}
		})},
	{"a new secret key does not cause a re-encryption", "I2", with("keys", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			o.Desired.Key, o.Desired.PreviousKey = "", ""
			for i := range o.Stored {
				o.Stored[i].Key, o.Stored[i].PreviousKey = "", ""
			}
		})},
	{"tiers are rolled back before the schema is downgraded", "I4", with("downgrade", budgets{Edits: 1, Tokens: 1}),
		observing(func(o *machine.Observation) { o.Downgrade.Active, o.Downgrade.Done = false, true })},
	{"tiers are rolled back before the backup is restored", "I4", with("restore", budgets{Edits: 1, Tokens: 1}),
		observing(func(o *machine.Observation) { o.Restore.Active, o.Restore.Done = false, true })},
	{"a rollback from Ready forgets the revision that the running release needs", "I2", with("taken back", budgets{Tokens: 2, Fails: 2}),
		advancing(func(o *machine.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Moves(lifecycle.RollBack) && o.Status.Phase == v1alpha1.PhaseReady {
				next.Upgrade.FromRevision = ""
			}
		})},
	{"web is rolled before the workers", "I4", with("rolling", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.Phase == v1alpha1.PhaseUpgradeWorkers {
				o.Tiers[machine.Worker], o.Tiers[machine.Scheduler] = tierAtTarget(o), tierAtTarget(o)
			}
		})},
	{"the scheduler is released before the workers are ready", "I4", with("rolling", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.Phase == v1alpha1.PhaseUpgradeWorkers {
				o.Tiers[machine.Worker] = tierAtTarget(o)
			}
		})},
	{"a rollback releases the scheduler before web is rolled back", "I4", with("rolling", budgets{Edits: 1, Tokens: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.Phase == v1alpha1.PhaseRollback {
				o.Tiers[machine.Web] = tierAtTarget(o)
			}
		})},
	{"the name of a Job does not depend on its script, fence and attempt", "I5", with("caches", budgets{Edits: 1, Lags: 1}),
		func(p *Premises) { p.JobNames, p.OwnJobs = false, false }},
	{"a rollback keeps the fence of the upgrade", "I6", with("rolling", budgets{Edits: 1, Tokens: 1}),
		advancing(func(o *machine.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Moves(lifecycle.RollBack) {
				next.UpgradeRevision = o.Status.UpgradeRevision
			}
		})},
	{"a status overwrites a newer one", "I6", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		func(p *Premises) { p.OptimisticLock, p.OwnStatus = false, false }},
	{"a tier counts as done regardless of its fence", "I7", with("caches", budgets{Edits: 2, Lags: 1}),
		observing(func(o *machine.Observation) {
			for i := range o.Tiers {
				if t := &o.Tiers[i]; t.Exists && t.Release == runTarget(o) {
					t.Fence, t.Current, t.Settled = o.Status.UpgradeRevision, true, true
				}
			}
		})},
	{"an active verify Job counts as passed", "I7", with("rolling", budgets{Edits: 1}),
		observing(func(o *machine.Observation) {
			if o.Verify.Active {
				o.Verify.Active, o.Verify.Done = false, true
			}
		})},
	{"a schema that is ahead after a rollback is forgotten", "I7", with("rolling", budgets{Edits: 1, Tokens: 1}),
		advancing(func(_ *machine.Observation, _ *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if next.Schema != nil {
				next.Schema.AheadAfterRollback = false
			}
		})},
	{"the release counts as running before verify", "I8", with("rolling", budgets{Edits: 1}),
		advancing(func(_ *machine.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Moves(lifecycle.WebUpgraded) {
				next.Release = next.Upgrade.ToRelease
			}
		})},
	{"the API server checks neither the fence nor the resource version", "I9", with("leaders", budgets{Edits: 1, Tokens: 1, Zombies: 1}),
		func(p *Premises) { p.FenceRule, p.ResourceVersion = false, false }},
	{"the API server accepts an apply of a component that has changed", "I7", with("leaders", budgets{Edits: 1, Tokens: 1, Zombies: 1, Lags: 1}),
		func(p *Premises) { p.ResourceVersion = false }},
	{"a stale Superset is used, and its writes carry the fence of the tier", "I9", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		func(p *Premises) {
			p.LiveRead, p.OwnStatus = false, false
			deciding(func(o *machine.Observation, d *lifecycle.Decision) {
				for i := range d.Work.Tiers {
					if o.Tiers[i].Exists && !machine.Moving(o.Status.Phase) {
						d.Work.Tiers[i].Fence = o.Tiers[i].Fence
					}
				}
			})(p)
		}},
	{"unsupported and skipped versions are allowed", "I10", with("edits", budgets{Edits: 1}),
		observing(func(o *machine.Observation) { o.Policy.AllowUnsupported, o.Policy.AllowSkip = true, true })},
	{"a failed step is retried without a limit", "I11", with("rolling", budgets{Edits: 1, Fails: 3}),
		observing(func(o *machine.Observation) {
			for _, p := range []*migrations.Progress{&o.Preflight, &o.Backup, &o.Migrate, &o.Verify, &o.Downgrade, &o.Restore} {
				p.Uncounted = p.Attempt
			}
		})},
	{"a failed step is retried without a backoff", "I11", with("rolling", budgets{Edits: 1, Fails: 1}),
		observing(func(o *machine.Observation) { o.Preflight.FinishedAt = time.Time{} })},
	{"spec.paused is ignored", "I13", with("gates", budgets{Edits: 1, Pauses: 1}),
		observing(func(o *machine.Observation) { o.Policy.Paused = false })},
	{"Prune keeps only the running release", "I14", with("rolling", budgets{Edits: 1}),
		func(p *Premises) {
			p.InUse = func(m *model, v *view, r release) bool {
				return m.statuses[m.supersets.items[v.superset].status].release == r
			}
		}},
	{"a release that is not stored counts as one without tiers", "I14", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		observing(func(o *machine.Observation) {
			if u := o.Status.Upgrade; u != nil {
				for _, r := range o.Stored {
					if r.Hash == u.ToRelease {
						return
					}
				}
				o.Stored = append([]machine.Release{{Hash: u.ToRelease, Version: u.To, Revision: o.Status.UpgradeRevision}}, o.Stored...)
			}
		})},
	{"deadlines are ignored", "L1", with("rolling", budgets{Edits: 1, Fails: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.PhaseSince != nil {
				o.Now = o.Status.PhaseSince.Time
			}
		})},
	{"a handled token is recorded and then forgotten", "L2", with("rolling", budgets{Edits: 1, Tokens: 1}),
		deciding(func(o *machine.Observation, d *lifecycle.Decision) {
			if o.Tokens.Retry == o.Status.LastHandled.Retry {
				d.Tokens.Handled.Retry = ""
			}
		})},
	{"a failed rollback is restarted automatically", "L2", with("rolling", budgets{Edits: 2, Fails: 1}),
		advancing(func(o *machine.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Moves(lifecycle.Fail) && o.Status.Upgrade.HeldRelease == "" {
				next.Upgrade.HeldRelease = ""
			}
		})},
	{"an idle Superset is rechecked every minute", "L3", with("rolling", budgets{Edits: 1}),
		deciding(func(o *machine.Observation, d *lifecycle.Decision) {
			if o.Status.Phase == v1alpha1.PhaseReady && d.Kind != lifecycle.KindMove {
				d.Recheck = time.Minute
			}
		})},
	{"a failure is not recorded", "L3", with("rolling", budgets{Edits: 1, Fails: 1}),
		advancing(func(_ *machine.Observation, _ *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if next.Upgrade != nil {
				next.Upgrade.Failure = nil
			}
		})},
}
