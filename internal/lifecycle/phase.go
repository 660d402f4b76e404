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

// Event causes a move from one phase to another.
type Event string

// The events.
const (
	// Begin starts a run towards the desired release.
	Begin Event = "Begin"
	// Migrate: the target is validated; the database is next.
	Migrate Event = "Migrate"
	// SkipMigration: the target is validated and the database does not change.
	SkipMigration Event = "SkipMigration"
	// FallBack: the migration under live traffic is aborted; every tier is stopped
	// for the next attempt.
	FallBack Event = "FallBack"
	// Migrated: the database's revision is the target's head.
	Migrated Event = "Migrated"
	// SchedulerHeld: no old scheduler runs, the new one is held.
	SchedulerHeld Event = "SchedulerHeld"
	// WorkersUpgraded: all workers and the scheduler are at the target.
	WorkersUpgraded Event = "WorkersUpgraded"
	// WebUpgraded: all web pods are ready at the target.
	WebUpgraded Event = "WebUpgraded"
	// Verified: the smoke tests have passed.
	Verified Event = "Verified"
	// RollBack: an earlier release is put back.
	RollBack Event = "RollBack"
	// NextClass: the Downgrade failed; the rollback goes on with the next safe class.
	NextClass Event = "NextClass"
	// Restored: the earlier release runs again; spec still asks for another one.
	Restored Event = "Restored"
	// Reverted: the earlier release runs again, and spec asks for it.
	Reverted Event = "Reverted"
	// Accept: spec asks for the verified release again; nothing to do.
	Accept Event = "Accept"
	// Fail: manual intervention is needed.
	Fail Event = "Fail"
)

// transition is one row of the table.
type transition struct {
	event Event
	from  []v1alpha1.Phase
	to    v1alpha1.Phase
}

// transitions is the whole machine.
var transitions = []transition{
	{Begin, []v1alpha1.Phase{
		v1alpha1.PhasePending, v1alpha1.PhaseReady, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack, v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate,
		v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify}, v1alpha1.PhaseValidate},
	{Migrate, []v1alpha1.Phase{v1alpha1.PhaseValidate}, v1alpha1.PhaseDBMigrate},
	{SkipMigration, []v1alpha1.Phase{v1alpha1.PhaseValidate}, v1alpha1.PhaseUpgradeScheduler},
	{FallBack, []v1alpha1.Phase{v1alpha1.PhaseDBMigrate}, v1alpha1.PhaseDBMigrate},
	{Migrated, []v1alpha1.Phase{v1alpha1.PhaseDBMigrate}, v1alpha1.PhaseUpgradeScheduler},
	{SchedulerHeld, []v1alpha1.Phase{v1alpha1.PhaseUpgradeScheduler}, v1alpha1.PhaseUpgradeWorkers},
	{WorkersUpgraded, []v1alpha1.Phase{v1alpha1.PhaseUpgradeWorkers}, v1alpha1.PhaseUpgradeWeb},
	{WebUpgraded, []v1alpha1.Phase{v1alpha1.PhaseUpgradeWeb}, v1alpha1.PhaseVerify},
	{Verified, []v1alpha1.Phase{v1alpha1.PhaseVerify}, v1alpha1.PhaseReady},
	{RollBack, []v1alpha1.Phase{
		v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb,
		v1alpha1.PhaseVerify, v1alpha1.PhaseReady, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack}, v1alpha1.PhaseRollback},
	{NextClass, []v1alpha1.Phase{v1alpha1.PhaseRollback}, v1alpha1.PhaseRollback},
	{Restored, []v1alpha1.Phase{v1alpha1.PhaseRollback}, v1alpha1.PhaseRolledBack},
	{Reverted, []v1alpha1.Phase{v1alpha1.PhaseRollback}, v1alpha1.PhaseReady},
	{Accept, []v1alpha1.Phase{v1alpha1.PhaseValidate, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack}, v1alpha1.PhaseReady},
	{Fail, []v1alpha1.Phase{
		v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb,
		v1alpha1.PhaseVerify, v1alpha1.PhaseRollback}, v1alpha1.PhaseFailed},
}

// Events are the events of the table.
func Events() []Event {
	events := make([]Event, 0, len(transitions))
	for _, t := range transitions {
		events = append(events, t.event)
	}
	return events
}

// gated are the moves that a gate can hold, and the phase that they lead to. Rollbacks
// and edits never wait at a gate.
var gated = map[Event]v1alpha1.Phase{
	Migrate: v1alpha1.PhaseDBMigrate, SkipMigration: v1alpha1.PhaseUpgradeScheduler, Migrated: v1alpha1.PhaseUpgradeScheduler,
	SchedulerHeld: v1alpha1.PhaseUpgradeWorkers, WorkersUpgraded: v1alpha1.PhaseUpgradeWeb, WebUpgraded: v1alpha1.PhaseVerify,
}

// Gated is the phase that an event leads to when a gate can hold its move; ok is false for any
// other event.
func Gated(e Event) (next v1alpha1.Phase, ok bool) {
	next, ok = gated[e]
	return next, ok
}

// machine builds the table for looplab/fsm. It has no callbacks: an effect in
// one can be lost, deadlock or run after the state has changed.
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
	var same fsm.NoTransitionError // a run may begin again in Validate, or fall back
	if err := m.Event(context.Background(), string(e)); err != nil && !errors.As(err, &same) {
		return "", fmt.Errorf("moving from %s: %w", at, err)
	}
	return v1alpha1.Phase(m.Current()), nil
}

// Diagram draws the table in Mermaid's state diagram syntax.
func Diagram() (string, error) {
	text, err := fsm.VisualizeForMermaidWithGraphType(machine(v1alpha1.PhasePending), fsm.StateDiagram)
	if err != nil {
		return "", fmt.Errorf("drawing the machine: %w", err)
	}
	return text, nil
}
