// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rollback"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Kind is what a Decision does: a closed set.
type Kind uint8

// The kinds of decisions.
const (
	// KindWork does Work in this phase; nothing is in the way.
	KindWork Kind = iota
	// KindWait does Work in this phase; something outside must change before the phase
	// can end. Reason says what, and Wait what a person can do.
	KindWait
	// KindMove moves to another phase and does nothing else.
	KindMove
)

// Decision answers a Snapshot.
type Decision struct {
	Kind Kind
	// Reason is a condition's reason: of a wait, or of the failure or request that
	// causes a move; empty for work.
	Reason string
	// Message says what is being done, waited for, or why the machine moves.
	Message string
	// Work is what to do in this phase; empty for a move.
	Work actions.Work
	// Records is true when the end of a Job is to be recorded before anything rests on it:
	// there is no work then.
	Records bool
	// Wait is what opens the wait; zero but for KindWait.
	Wait Wait
	// Slot is the slot that the next run waits for; empty for none.
	Slot v1alpha1.SlotKind
	// Move is where to go; zero but for KindMove.
	Move Move
	// Planned is the plan in the making; zero but in Validate.
	Planned plan.Planned
	// Tokens is what becomes of the annotations.
	Tokens Tokens
	// Recheck is when to decide again although nothing has changed; 0 for never.
	Recheck time.Duration
	// NamesClaim is true for a failure that the claim of a backup may have caused.
	NamesClaim bool
}

// Wait is what a person can do about a wait.
type Wait struct {
	// Gate is the type of the condition of the closed gate; empty for none.
	Gate string
	// Approval is the token that approves; empty when none is asked for.
	Approval string
	// DataLoss is the token that accepts a loss of data; empty when none is asked for.
	DataLoss string
	// Job is the name of the Job that is blocked and that only a person may delete; empty
	// for none.
	Job string
}

// Move leads to another phase.
type Move struct {
	Event Event
	// Failed is true when a failure causes it.
	Failed bool
	// Rollback is what RollBack and NextClass put back, and how.
	Rollback rollback.Rollback
}

// Tokens is what becomes of the annotations.
type Tokens struct {
	// Handled is what status.lastHandled becomes.
	Handled v1alpha1.LastHandled
	// Refused says why a rollback token was handled without effect; empty otherwise.
	Refused string
}

// NeedsClaim is true when the backup of a plan is about to be checked, and again when the plan is
// complete or waits at a gate: whether its claim can be used is to be read, and decided again.
func (d *Decision) NeedsClaim() bool {
	return d.NamesClaim || d.Work.Job.Script == migrations.BackupCheck || d.Planned.Plan != nil && d.Planned.Plan.Backup && (d.Moves(Migrate) || d.Wait.Gate != "")
}

// RestoresFrom is the name of the backup that a move is about to restore; empty for none.
func (d *Decision) RestoresFrom() string {
	if d.Kind != KindMove || d.Move.Rollback.How.Class != v1alpha1.RollbackRestore {
		return ""
	}
	return d.Move.Rollback.How.Backup
}

// Moves is true for a move on one of the events.
func (d *Decision) Moves(events ...Event) bool {
	return d.Kind == KindMove && slices.Contains(events, d.Move.Event)
}
