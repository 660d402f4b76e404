// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/looplab/fsm"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Event is what moves a Superset from one phase to another.
type Event string

// The events.
const (
	// Begin starts a run of the machine towards what spec asks for.
	Begin Event = "Begin"
	// Migrate: the target is proven; the database comes next.
	Migrate Event = "Migrate"
	// SkipMigration: the target is proven and the schema stays.
	SkipMigration Event = "SkipMigration"
	// FallBack: the migration cannot be done beside live traffic; every tier is
	// stopped for it.
	FallBack Event = "FallBack"
	// Migrated: the database's revision is the target's head.
	Migrated Event = "Migrated"
	// SchedulerHeld: no old scheduler runs, the new one is held.
	SchedulerHeld Event = "SchedulerHeld"
	// WorkersUpgraded: all workers and the scheduler are at the target.
	WorkersUpgraded Event = "WorkersUpgraded"
	// WebUpgraded: all web pods are ready at the target.
	WebUpgraded Event = "WebUpgraded"
	// Verified: what runs was tested by use.
	Verified Event = "Verified"
	// RollBack: an earlier release is to be put back.
	RollBack Event = "RollBack"
	// NextClass: the way back was given up for the next safe one.
	NextClass Event = "NextClass"
	// Restored: the earlier release runs; spec still asks for another one.
	Restored Event = "Restored"
	// Reverted: the earlier release runs, and spec asks for it.
	Reverted Event = "Reverted"
	// Accept: spec asks again for what runs and was verified; nothing to do.
	Accept Event = "Accept"
	// Fail: a person is needed.
	Fail Event = "Fail"
)

const (
	pending   = v1alpha1.PhasePending
	ready     = v1alpha1.PhaseReady
	back      = v1alpha1.PhaseRolledBack
	failed    = v1alpha1.PhaseFailed
	validate  = v1alpha1.PhaseValidate
	dbMigrate = v1alpha1.PhaseDBMigrate
	scheduler = v1alpha1.PhaseUpgradeScheduler
	workers   = v1alpha1.PhaseUpgradeWorkers
	web       = v1alpha1.PhaseUpgradeWeb
	verify    = v1alpha1.PhaseVerify
	rollback  = v1alpha1.PhaseRollback
)

// transition is one row of the table.
type transition struct {
	event Event
	from  []v1alpha1.Phase
	to    v1alpha1.Phase
}

// transitions is the whole machine.
var transitions = []transition{
	{Begin, []v1alpha1.Phase{pending, ready, failed, back, validate, dbMigrate, scheduler, workers, web, verify}, validate},
	{Migrate, []v1alpha1.Phase{validate}, dbMigrate},
	{SkipMigration, []v1alpha1.Phase{validate}, scheduler},
	{FallBack, []v1alpha1.Phase{dbMigrate}, dbMigrate},
	{Migrated, []v1alpha1.Phase{dbMigrate}, scheduler},
	{SchedulerHeld, []v1alpha1.Phase{scheduler}, workers},
	{WorkersUpgraded, []v1alpha1.Phase{workers}, web},
	{WebUpgraded, []v1alpha1.Phase{web}, verify},
	{Verified, []v1alpha1.Phase{verify}, ready},
	{RollBack, []v1alpha1.Phase{validate, dbMigrate, scheduler, workers, web, verify, ready, failed, back}, rollback},
	{NextClass, []v1alpha1.Phase{rollback}, rollback},
	{Restored, []v1alpha1.Phase{rollback}, back},
	{Reverted, []v1alpha1.Phase{rollback}, ready},
	{Accept, []v1alpha1.Phase{validate, failed, back}, ready},
	{Fail, []v1alpha1.Phase{validate, dbMigrate, scheduler, workers, web, verify, rollback}, failed},
}

// machine builds the table for looplab/fsm. It has no callbacks: an effect in
// one can be lost, deadlock or run after the state has moved.
func machine(at v1alpha1.Phase) *fsm.FSM {
	events := make(fsm.Events, 0, len(transitions))
	for _, t := range transitions {
		src := make([]string, 0, len(t.from))
		for _, p := range t.from {
			src = append(src, string(p))
		}
		events = append(events, fsm.EventDesc{Name: string(t.event), Src: src, Dst: string(t.to)})
	}
	return fsm.NewFSM(string(at), events, nil)
}

// Next is the phase that an event leads to. An event that is not in the table
// for this phase, or an unknown phase, is an error.
func Next(at v1alpha1.Phase, e Event) (v1alpha1.Phase, error) {
	if !slices.Contains(v1alpha1.Phases, at) {
		return "", fmt.Errorf("moving on %s: phase %q is unknown to this operator", e, at)
	}
	m := machine(at)
	var same fsm.NoTransitionError // a run may begin anew in Validate, or fall back
	if err := m.Event(context.Background(), string(e)); err != nil && !errors.As(err, &same) {
		return "", fmt.Errorf("moving from %s: %w", at, err)
	}
	return v1alpha1.Phase(m.Current()), nil
}

// Diagram draws the table in Mermaid's state diagram syntax.
func Diagram() (string, error) {
	text, err := fsm.VisualizeForMermaidWithGraphType(machine(pending), fsm.StateDiagram)
	if err != nil {
		return "", fmt.Errorf("drawing the machine: %w", err)
	}
	return text, nil
}
