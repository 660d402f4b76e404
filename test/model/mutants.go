// SPDX-License-Identifier: Apache-2.0

package model

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Mutant is a deliberate mistake: in the machine, or in what it relies upon.
type Mutant struct {
	// Name says what the mistake is.
	Name string
	// Kills is the invariant that must find it, in Scenario.
	Kills    string
	Scenario *Scenario
	// Break puts the mistake in.
	Break func(*Premises)
}

// seeing makes the machine decide upon an observation that is not so.
func seeing(lie func(*lifecycle.Observation)) func(*Premises) {
	return func(p *Premises) {
		decide, advance := p.Decide, p.Advance
		p.Decide = func(o *lifecycle.Observation) lifecycle.Decision {
			lie(o)
			return decide(o)
		}
		p.Advance = advance
	}
}

// deciding changes what was decided.
func deciding(change func(*lifecycle.Observation, *lifecycle.Decision)) func(*Premises) {
	return func(p *Premises) {
		decide := p.Decide
		p.Decide = func(o *lifecycle.Observation) lifecycle.Decision {
			d := decide(o)
			change(o, &d)
			return d
		}
	}
}

// advancing changes the status that a move leads to.
func advancing(change func(*lifecycle.Observation, *lifecycle.Decision, *v1alpha1.SupersetStatus)) func(*Premises) {
	return func(p *Premises) {
		advance := p.Advance
		p.Advance = func(o *lifecycle.Observation, d *lifecycle.Decision, limit int) (*v1alpha1.SupersetStatus, error) {
			next, err := advance(o, d, limit)
			if err == nil {
				change(o, d, next)
			}
			return next, err
		}
	}
}

// aim is the release that the run leads to, or back to.
func aim(o *lifecycle.Observation) string {
	switch {
	case o.Status.Upgrade == nil:
		return ""
	case o.Status.Phase == v1alpha1.PhaseRollback:
		return o.Status.Upgrade.RollbackRelease
	default:
		return o.Status.Upgrade.ToRelease
	}
}

// arrived is a tier that serves where the run leads.
func arrivedAt(o *lifecycle.Observation) lifecycle.Tier {
	return lifecycle.Tier{Exists: true, Release: aim(o), Fence: o.Status.UpgradeRevision, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
}

// Mutants are the mistakes that the check must find.
var Mutants = []Mutant{
	{"two migrations in the database: it has no lock", "I1", with("late Jobs", budgets{Edits: 1, Tokens: 2, Zombies: 1}),
		func(p *Premises) { p.DatabaseLock = false }},
	{"a migration starts while another runs", "I1", with("rolling", budgets{Edits: 1, Tokens: 2}),
		seeing(func(o *lifecycle.Observation) { o.Migrating, o.Migrate.Active = false, false })},
	{"the migration is skipped", "I2", with("rolling", budgets{Edits: 1}),
		deciding(func(_ *lifecycle.Observation, d *lifecycle.Decision) {
			if d.Move == lifecycle.Migrate {
				d.Move = lifecycle.SkipMigration
			}
		})},
	{"a migration that runs counts as done", "I2", with("rolling", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Migrate.Active {
				o.Migrating, o.Migrate.Active, o.Migrate.Done = false, false, true
			}
		})},
	{"edits and tokens act in the middle of a migration", "I3", with("edits", budgets{Edits: 3}),
		seeing(func(o *lifecycle.Observation) {
			if o.Desired.Hash != aim(o) {
				o.Migrating, o.Migrate.Active = false, false
			}
		})},
	{"a tier counts as stopped by its status, while a pod is ending", "I3", with("rolling", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			for i := range o.Tiers {
				if o.Tiers[i].Mode == v1alpha1.ModeHold {
					o.Tiers[i].Pods = 0
				}
			}
		})},
	{"a Drain leaves the workers alone", "I3", with("drain", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Status.Phase == v1alpha1.PhaseDBMigrate {
				o.Tiers[lifecycle.Worker] = lifecycle.Tier{}
			}
		})},
	{"the database is taken for one with transactional DDL", "I3", with("halves", budgets{Edits: 1, Fails: 1, Tokens: 1}),
		seeing(func(o *lifecycle.Observation) {
			for _, p := range []*migrations.Progress{&o.Preflight, &o.Migrate, &o.Downgrade, &o.Restore} {
				if p.Result.Database != "" {
					p.Result.Database = postgresql
				}
			}
		})},
	{"an attempt that broke the schema is forgotten with the next", "I3", with("halves", budgets{Edits: 1, Tokens: 1, Fails: 2}),
		seeing(func(o *lifecycle.Observation) { o.Downgrade.Broke = false })},
	{"another secret key is no reason to encrypt anew", "I2", with("keys", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			o.Desired.Key, o.Desired.PreviousKey = "", ""
			for i := range o.Stored {
				o.Stored[i].Key, o.Stored[i].PreviousKey = "", ""
			}
		})},
	{"tiers go back before the schema is taken back", "I4", with("downgrade", budgets{Edits: 1, Tokens: 1}),
		seeing(func(o *lifecycle.Observation) { o.Downgrade.Active, o.Downgrade.Done = false, true })},
	{"tiers go back before the backup is restored", "I4", with("restore", budgets{Edits: 1, Tokens: 1}),
		seeing(func(o *lifecycle.Observation) { o.Restore.Active, o.Restore.Done = false, true })},
	{"a way back from Ready forgets which revision the running release needs", "I2", with("taken back", budgets{Tokens: 2, Fails: 2}),
		advancing(func(o *lifecycle.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Move == lifecycle.RollBack && o.Status.Phase == v1alpha1.PhaseReady {
				next.Upgrade.FromRevision = ""
			}
		})},
	{"web is rolled before the workers", "I4", with("rolling", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Status.Phase == v1alpha1.PhaseUpgradeWorkers {
				o.Tiers[lifecycle.Worker], o.Tiers[lifecycle.Scheduler] = arrivedAt(o), arrivedAt(o)
			}
		})},
	{"the beat is released before the workers are there", "I4", with("rolling", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Status.Phase == v1alpha1.PhaseUpgradeWorkers {
				o.Tiers[lifecycle.Worker] = arrivedAt(o)
			}
		})},
	{"a rollback releases the beat before web is back", "I4", with("rolling", budgets{Edits: 1, Tokens: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Status.Phase == v1alpha1.PhaseRollback {
				o.Tiers[lifecycle.Web] = arrivedAt(o)
			}
		})},
	{"Jobs get names of their own", "I5", with("caches", budgets{Edits: 1, Lags: 1}),
		func(p *Premises) { p.JobNames, p.OwnJobs = false, false }},
	{"a rollback goes on under the fence of the upgrade", "I6", with("rolling", budgets{Edits: 1, Tokens: 1}),
		advancing(func(o *lifecycle.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Move == lifecycle.RollBack {
				next.UpgradeRevision = o.Status.UpgradeRevision
			}
		})},
	{"a status is written over a newer one", "I6", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		func(p *Premises) { p.OptimisticLock = false }},
	{"done is judged by the release, not by the fence", "I7", with("caches", budgets{Edits: 2, Lags: 1}),
		seeing(func(o *lifecycle.Observation) {
			for i := range o.Tiers {
				if t := &o.Tiers[i]; t.Exists && t.Release == aim(o) {
					t.Fence, t.Current, t.Settled = o.Status.UpgradeRevision, true, true
				}
			}
		})},
	{"verify counts as passed while it runs", "I7", with("rolling", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Verify.Active {
				o.Verify.Active, o.Verify.Done = false, true
			}
		})},
	{"a schema that is ahead after a rollback is forgotten", "I7", with("rolling", budgets{Edits: 1, Tokens: 1}),
		advancing(func(_ *lifecycle.Observation, _ *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if next.Schema != nil {
				next.Schema.AheadAfterRollback = false
			}
		})},
	{"the release counts as running before verify", "I8", with("rolling", budgets{Edits: 1}),
		advancing(func(_ *lifecycle.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Move == lifecycle.WebUpgraded {
				next.Release = next.Upgrade.ToRelease
			}
		})},
	{"the API server looks at neither fence nor resource version", "I9", with("leaders", budgets{Edits: 1, Tokens: 1, Zombies: 1}),
		func(p *Premises) { p.FenceRule, p.ResourceVersion = false, false }},
	{"the API server takes an apply of a component that has changed since", "I7", with("leaders", budgets{Edits: 1, Tokens: 1, Zombies: 1, Lags: 1}),
		func(p *Premises) { p.ResourceVersion = false }},
	{"an old Superset is believed, and what it mends bears the fence that the tier has", "I9", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		func(p *Premises) {
			p.ReadsAfresh = false
			deciding(func(o *lifecycle.Observation, d *lifecycle.Decision) {
				for i, a := range d.Work.Actions() {
					if a.Kind == lifecycle.ApplyTier && o.Tiers[a.Tier].Exists && !lifecycle.Moving(o.Status.Phase) {
						d.Work.Actions()[i].Fence = o.Tiers[a.Tier].Fence
					}
				}
			})(p)
		}},
	{"any version is tried", "I10", with("edits", budgets{Edits: 1}),
		seeing(func(o *lifecycle.Observation) { o.Policy.AllowUnsupported, o.Policy.AllowSkip = true, true })},
	{"a step is tried without end", "I11", with("rolling", budgets{Edits: 1, Fails: 3}),
		seeing(func(o *lifecycle.Observation) {
			for _, p := range []*migrations.Progress{&o.Preflight, &o.Backup, &o.Migrate, &o.Verify, &o.Downgrade, &o.Restore} {
				p.Waits = p.Attempt
			}
		})},
	{"a step is tried again at once", "I11", with("rolling", budgets{Edits: 1, Fails: 1}),
		seeing(func(o *lifecycle.Observation) { o.Preflight.FinishedAt = time.Time{} })},
	{"paused is not looked at", "I13", with("gates", budgets{Edits: 1, Pauses: 1}),
		seeing(func(o *lifecycle.Observation) { o.Policy.Paused = false })},
	{"Prune keeps the release that runs, and no other", "I14", with("rolling", budgets{Edits: 1}),
		func(p *Premises) {
			p.InUse = func(m *model, v *view, r release) bool {
				return m.statuses[m.supersets.items[v.superset].status].release == r
			}
		}},
	{"a release that is not in store counts as one without tiers", "I14", with("rolling", budgets{Edits: 1, Lags: 1, Crashes: 1}),
		seeing(func(o *lifecycle.Observation) {
			if u := o.Status.Upgrade; u != nil {
				for _, r := range o.Stored {
					if r.Hash == u.ToRelease {
						return
					}
				}
				o.Stored = append([]lifecycle.Release{{Hash: u.ToRelease, Version: u.To, Revision: o.Status.UpgradeRevision}}, o.Stored...)
			}
		})},
	{"deadlines never pass", "L1", with("rolling", budgets{Edits: 1, Fails: 1}),
		seeing(func(o *lifecycle.Observation) {
			if o.Status.PhaseSince != nil {
				o.Now = o.Status.PhaseSince.Time
			}
		})},
	{"a handled token is noted, and forgotten again", "L2", with("rolling", budgets{Edits: 1, Tokens: 1}),
		deciding(func(o *lifecycle.Observation, d *lifecycle.Decision) {
			if o.Tokens.Retry == o.Status.LastHandled.Retry {
				d.Handled.Retry = ""
			}
		})},
	{"a way back that failed begins again by itself", "L2", with("rolling", budgets{Edits: 2, Fails: 1}),
		advancing(func(o *lifecycle.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Move == lifecycle.Fail && o.Status.Upgrade.HeldRelease == "" {
				next.Upgrade.HeldRelease = ""
			}
		})},
	{"Ready looks again every minute", "L3", with("rolling", budgets{Edits: 1}),
		deciding(func(o *lifecycle.Observation, d *lifecycle.Decision) {
			if o.Status.Phase == v1alpha1.PhaseReady && d.Move == "" {
				d.Recheck = time.Minute
			}
		})},
	{"a failure is not written down", "L3", with("rolling", budgets{Edits: 1, Fails: 1}),
		advancing(func(_ *lifecycle.Observation, _ *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if next.Upgrade != nil {
				next.Upgrade.Failure = nil
			}
		})},
}

// Hunt looks for the mutant with the invariant that must find it, and no other.
func (mu *Mutant) Hunt(limit int) Search {
	p := Production()
	mu.Break(&p)
	var one []Invariant
	for _, inv := range Invariants {
		if inv.Name == mu.Kills {
			one = append(one, inv)
		}
	}
	return Explore(mu.Scenario, p, one, limit)
}
