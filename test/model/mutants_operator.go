// SPDX-License-Identifier: Apache-2.0

package model

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// operatorMutants are faults in what a run rests on beside its own work: the identity of releases,
// time and slots.
var operatorMutants = []Mutant{
	{"the wish is ignored, and a release is only its rendering", "I15", with("renderer", budgets{Edits: 1, Fails: 1, Renderers: 1}),
		observing(func(o *machine.Observation) {
			o.Desired.Wish = ""
			for i := range o.Stored {
				o.Stored[i].Wish = ""
			}
		})},
	{"a run continues with the rendering of the new operator", "I15", with("renderer", budgets{Edits: 1, Renderers: 1}),
		observing(func(o *machine.Observation) {
			if !machine.Moving(o.Status.Phase) || o.Status.Phase == v1alpha1.PhaseValidate || o.Status.Upgrade.Wish != o.Desired.Wish {
				return
			}
			was := o.Status.Upgrade.ToRelease
			o.Status = o.Status.DeepCopy()
			o.Status.Upgrade.ToRelease = o.Desired.Hash
			for i := range o.Stored {
				if o.Stored[i].Hash == was {
					o.Stored[i].Hash = o.Desired.Hash
				}
			}
		})},
	{"a rollout counts as an upgrade", "I15", with("renderer", budgets{Renderers: 1}),
		advancing(func(_ *machine.Observation, d *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if d.Moves(lifecycle.Begin) && next.Upgrade.FromRelease != "" {
				next.Upgrade.Kind = v1alpha1.KindUpgrade
			}
		})},
	{"a rollout migrates", "I15", with("renderer", budgets{Renderers: 1}),
		deciding(func(_ *machine.Observation, d *lifecycle.Decision) {
			if d.Moves(lifecycle.SkipMigration) {
				d.Move.Event = lifecycle.Migrate
			}
		})},
	{"a run that waits for approval begins again with another rendering", "I15", with("renderer gates", budgets{Edits: 1, Renderers: 1}),
		observing(func(o *machine.Observation) {
			if o.Status = o.Status.DeepCopy(); o.Status.Upgrade != nil {
				o.Status.Upgrade.PlanHash = ""
			}
		})},
	{"another rendering of the running release is not rolled out", "L3", with("renderer", budgets{Renderers: 1}),
		observing(func(o *machine.Observation) {
			if r := o.StoredRelease(o.Status.Release); r.Wish == o.Desired.Wish {
				o.Desired.Hash = r.Hash
			}
		})},
	{"a time without an operator counts", "I17", with("outages", budgets{Edits: 1, Outages: 1}),
		observing(func(o *machine.Observation) { o.Since = time.Time{} })},
	{"a time without an operator counts as one without progress of the workers", "I17", with("outages", budgets{Edits: 1, Outages: 1}),
		observing(func(o *machine.Observation) {
			if o.Status.Phase == v1alpha1.PhaseUpgradeWorkers {
				o.Since = time.Time{}
			}
		})},
	{"the slots of other Supersets are ignored", "I16", with("slots", budgets{Edits: 1, Slots: 1}),
		func(p *Premises) {
			p.SlotCheck = false
			observing(func(o *machine.Observation) { o.Busy = nil })(p)
		}},
	{"a slot is not checked again when the run begins", "I16", with("slots", budgets{Edits: 1, Slots: 1}),
		func(p *Premises) { p.SlotCheck = false }},
	{"an upgrade takes a slot for rollouts", "I16", with("slots", budgets{Edits: 1, Slots: 1}),
		advancing(func(_ *machine.Observation, _ *lifecycle.Decision, next *v1alpha1.SupersetStatus) {
			if next.Upgrade.Slot == v1alpha1.SlotUpgrade {
				next.Upgrade.Slot = v1alpha1.SlotRollout
			}
		})},
	{"a retry token is handled while its run waits for a slot", "L4", with("slots", budgets{Edits: 1, Tokens: 1, Fails: 1, Slots: 1}),
		deciding(func(o *machine.Observation, d *lifecycle.Decision) {
			if d.Reason == v1alpha1.ReasonWaitingForSlot {
				d.Tokens.Handled.Retry = o.Tokens.Retry
			}
		})},
	{"a released slot still counts as taken", "L4", with("slots", budgets{Edits: 1, Slots: 1}),
		observing(func(o *machine.Observation) { o.Busy[v1alpha1.SlotUpgrade] = "1 of 1 are taken" })},
}
