// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Planned is a plan and its hash; the zero value for none.
type Planned struct {
	Plan *v1alpha1.Plan
	Hash string
}

// Gate is a closed gate in front of a phase; the zero value when none is closed.
type Gate struct {
	// Condition is the type of the condition that reports it.
	Condition string
	// Message says what it waits for.
	Message string
	// Approval is the token that opens it; empty when no approval does.
	Approval string
	// DataLoss is the token that accepts a risk of data loss; empty for no such risk.
	DataLoss string
	// Recheck is when it may have opened by itself; 0 for never.
	Recheck time.Duration
}

// Closed is true when a gate is closed.
func (g Gate) Closed() bool { return g.Condition != "" }

// GateBefore is the closed gate in front of a phase. A gate of the plan is reported before
// one of the phase itself. A first install passes every gate: nothing runs yet that a gate
// could protect.
func GateBefore(s *state.Snapshot, next v1alpha1.Phase, p Planned) Gate {
	if firstInstall(s) {
		return Gate{}
	}
	own := Gate{}
	if token := HashOf(s, p) + "/" + string(next); gatedPhase(s, next) && s.Tokens.Approve != token {
		own = Gate{Condition: v1alpha1.ConditionAwaitingApproval, Message: fmt.Sprintf("%s waits for its approval", next), Approval: token}
	}
	if s.Phase != v1alpha1.PhaseValidate {
		return own
	}
	if g := startGate(s, p); g.Closed() {
		return g
	}
	return own
}

// firstInstall is true for a run without a release before it, on a database that it found
// empty; its retries stay one. A run whose status was lost looks the same until a component
// is found.
func firstInstall(s *state.Snapshot) bool {
	if s.Run.Kind != v1alpha1.KindInstall || s.Adopts {
		return false
	}
	return s.Phase != v1alpha1.PhaseValidate || s.Run.EmptyDatabase || !s.AnyTier()
}

// startGate is what is closed in front of a plan that is about to begin. A run that
// replaces one which has changed things waits for no window: it must not stay half done.
func startGate(s *state.Snapshot, p Planned) Gate {
	if g := approvalGate(s, p); g.Closed() {
		return g
	}
	risk := riskOf(s, p.Plan)
	switch {
	case risk != "" && s.Tokens.AcceptDataLoss != p.Hash:
		return Gate{Condition: v1alpha1.ConditionAwaitingApproval, Message: risk, DataLoss: p.Hash}
	case s.Run.Touched, s.Adopts && p.Plan.Migrations.Count == 0 && !s.AnyTier():
		return Gate{} // nothing that runs can be disturbed, or it must not stay half done
	}
	open, message, recheck := inWindow(s.Now, s.Policy.Windows)
	if open {
		return Gate{}
	}
	return Gate{Condition: v1alpha1.ConditionOutsideWindow, Message: message, Recheck: recheck}
}

// approvalGate waits for the approval of a plan.
func approvalGate(s *state.Snapshot, p Planned) Gate {
	ask := whyAsk(s)
	if ask == "" && !needsApproval(s.Policy.Approval, p.Plan) || Approved(s, p.Hash) {
		return Gate{}
	}
	message := "the plan waits for approval" + ask + ": " + InOneLine(p.Plan)
	if s.Tiers[state.Web].Stopped() {
		message += "; what the replaced run has stopped stays stopped until then"
	}
	return Gate{Condition: v1alpha1.ConditionAwaitingApproval, Message: message, Approval: p.Hash}
}

// whyAsk says why a plan needs an approval whatever the policy is; empty for no such reason.
func whyAsk(s *state.Snapshot) string {
	switch r := s.Preflight.Result; {
	case s.Repointed:
		return fmt.Sprintf(" because spec.database leads to another database than before (it was %s, it is %s)", s.Status.Schema.Identity, r.Identity)
	case s.Adopts && s.Found == "" && r.PendingCount > 0:
		return fmt.Sprintf(" because revision %s of the database belongs to no official release", r.Revision)
	}
	for _, other := range s.Sharing {
		if other.Scheduler && s.Desired.Has[state.Scheduler] {
			return fmt.Sprintf(" because Superset %s has a scheduler and the same database: both would send every report", other.Name)
		}
	}
	return ""
}

// needsApproval is true for a plan that waits for a person.
func needsApproval(a v1alpha1.Approval, p *v1alpha1.Plan) bool {
	switch a {
	case v1alpha1.ApprovalAlways:
		return true
	case v1alpha1.ApprovalWhenDestructive:
		return p.Migrations.Destructive > 0 || p.Migrations.Unknown
	default: // Never
		return false
	}
}

// riskOf is what a user must accept before a plan begins; empty for nothing.
func riskOf(s *state.Snapshot, p *v1alpha1.Plan) string {
	switch {
	case p.Rollback == v1alpha1.RollbackFrozen:
		return "this upgrade cannot be rolled back: " + p.RollbackReason
	case s.Schema.HalfMigrated && p.Migrations.Count == 0:
		return "the schema is partially migrated, and " + s.Run.To + " would run on it as it is: restore a backup of your own first"
	default:
		return ""
	}
}

// gatedPhase is true for a phase that needs an approval of its own. While web is stopped,
// the phases that start it again need none.
func gatedPhase(s *state.Snapshot, next v1alpha1.Phase) bool {
	starts := next == v1alpha1.PhaseUpgradeScheduler || next == v1alpha1.PhaseUpgradeWorkers || next == v1alpha1.PhaseUpgradeWeb
	if starts && s.Tiers[state.Web].Stopped() {
		return false
	}
	return slices.Contains(s.Policy.Gates, next) && (s.Phase == v1alpha1.PhaseValidate || s.Run.PlanHash != "")
}

// HashOf is the hash of the plan in the making, or of the one under way.
func HashOf(s *state.Snapshot, p Planned) string {
	if p.Hash != "" {
		return p.Hash
	}
	return s.Run.PlanHash
}

// Approved is true when the approve token names the plan, or a gated phase of it.
func Approved(s *state.Snapshot, hash string) bool {
	plan, phase, named := strings.Cut(s.Tokens.Approve, "/")
	return hash != "" && plan == hash && (!named || slices.Contains(s.Policy.Gates, v1alpha1.Phase(phase)))
}
