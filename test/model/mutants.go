// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Mutant is a deliberate fault in the machine or in a guarantee that it relies on.
type Mutant struct {
	// Name describes the fault.
	Name string
	// Kills is the invariant that must find the fault in Scenario.
	Kills    string
	Scenario *Scenario
	// Break applies the fault.
	Break func(*Premises)
}

// observing makes the machine decide on a wrong observation.
func observing(falsify func(*machine.Observation)) func(*Premises) {
	return func(p *Premises) {
		decide, advance := p.Decide, p.Advance
		p.Decide = func(o *machine.Observation) lifecycle.Decision {
			falsify(o)
			return decide(o)
		}
		p.Advance = advance
	}
}

// deciding changes the decision.
func deciding(change func(*machine.Observation, *lifecycle.Decision)) func(*Premises) {
	return func(p *Premises) {
		decide := p.Decide
		p.Decide = func(o *machine.Observation) lifecycle.Decision {
			d := decide(o)
			change(o, &d)
			return d
		}
	}
}

// advancing changes the status after a move.
func advancing(change func(*machine.Observation, *lifecycle.Decision, *v1alpha1.SupersetStatus)) func(*Premises) {
	return func(p *Premises) {
		advance := p.Advance
		p.Advance = func(o *machine.Observation, d *lifecycle.Decision, limit int) (*v1alpha1.SupersetStatus, error) {
			next, err := advance(o, d, limit)
			if err == nil {
				change(o, d, next)
			}
			return next, err
		}
	}
}

// runTarget is the target of a run or of its rollback.
func runTarget(o *machine.Observation) string {
	switch {
	case o.Status.Upgrade == nil:
		return ""
	case o.Status.Phase == v1alpha1.PhaseRollback:
		return o.Status.Upgrade.RollbackRelease
	default:
		return o.Status.Upgrade.ToRelease
	}
}

// tierAtTarget is a tier that serves the target of the run.
func tierAtTarget(o *machine.Observation) machine.Tier {
	return machine.Tier{Exists: true, Release: runTarget(o), Fence: o.Status.UpgradeRevision, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
}

// Run explores the scenario of the mutant with the invariant that must kill it.
func (mu *Mutant) Run(limit int) Search {
	p := Production()
	mu.Break(&p)
	var killers []Invariant
	for _, inv := range Invariants {
		if inv.Name == mu.Kills {
			killers = append(killers, inv)
		}
	}
	return Explore(mu.Scenario, p, killers, limit)
}
