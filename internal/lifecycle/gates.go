// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// forward are the moves that lead a run on from a phase that is done, and the
// phase that they lead to. Ways back, and edits, never wait at a gate.
var forward = map[Event]v1alpha1.Phase{
	Migrate: dbMigrate, SkipMigration: scheduler, Migrated: scheduler,
	SchedulerHeld: workers, WorkersUpgraded: web, WebUpgraded: verify,
}

// atGates stops a move in front of a gate that is closed: what runs goes on
// meanwhile. A first install has nobody to wait for.
func atGates(o *Observation, d Decision) Decision {
	next, ok := forward[d.Move]
	if !ok || firstInstall(o) {
		return d
	}
	gate, message, token, recheck := "", "", "", time.Duration(0)
	if o.phase() == validate {
		gate, message, token, recheck = startGate(o, &d)
	}
	if gate == "" && gatedPhase(o, next) {
		if token = hashOf(o, &d) + "/" + string(next); o.Tokens.Approve != token {
			gate, message = v1alpha1.ConditionAwaitingApproval, fmt.Sprintf("%s waits for its approval", next)
		}
	}
	if gate == "" {
		return d
	}
	w := Decision{Waiting: true, Gate: gate, Reason: gate, Message: message, Token: token, Loss: d.Loss, Recheck: recheck, Plan: d.Plan, PlanHash: d.PlanHash}
	w.Work.keepAll(o)
	return w
}

// firstInstall is true for a run that has nothing before it. One whose status
// was lost looks alike, but something runs.
func firstInstall(o *Observation) bool {
	return o.run().Kind == v1alpha1.KindInstall && (o.phase() != validate || !anyTier(o))
}

// startGate is what is closed in front of a plan that is about to begin. A run
// that goes on with what another had touched asks for no window: it must not be
// left half way.
func startGate(o *Observation, d *Decision) (gate, message, token string, recheck time.Duration) {
	if needsApproval(o.Policy.Approval, d.Plan) && !isApproved(o, d.PlanHash) {
		message = "the plan waits for approval: " + planLine(d.Plan)
		if o.Tiers[Web].Exists && !webServes(o) {
			message += "; what the run before has stopped stays stopped until then"
		}
		return v1alpha1.ConditionAwaitingApproval, message, d.PlanHash, 0
	}
	if danger := dangerOf(o, d.Plan); danger != "" && o.Tokens.AcceptDataLoss != d.PlanHash {
		d.Loss = d.PlanHash
		return v1alpha1.ConditionAwaitingApproval, danger, "", 0
	}
	if o.run().Touched {
		return "", "", "", 0
	}
	if open, message, recheck := inWindow(o.Now, o.Policy.Windows); !open {
		return v1alpha1.ConditionOutsideWindow, message, "", recheck
	}
	return "", "", "", 0
}

// dangerOf is what a user must accept before a plan begins; empty for nothing.
func dangerOf(o *Observation, p *v1alpha1.Plan) string {
	switch {
	case p.Rollback == v1alpha1.RollbackFrozen:
		return "this upgrade could not be taken back: " + p.RollbackReason
	case halfMigrated(o) && p.Migrations.Count == 0:
		return "the schema was left between two revisions, and " + o.run().To + " would serve on it as it is: restore a backup of your own first"
	default:
		return ""
	}
}

// gatedPhase is true for a phase that waits for an approval of its own. While
// web is stopped no phase does that brings it back.
func gatedPhase(o *Observation, next v1alpha1.Phase) bool {
	stopped := o.Tiers[Web].Exists && !webServes(o)
	if stopped && (next == scheduler || next == workers || next == web) {
		return false
	}
	return slices.Contains(o.Policy.Gates, next) && (o.phase() == validate || o.run().PlanHash != "")
}

// hashOf is the hash of the plan in the making, or of the one under way.
func hashOf(o *Observation, d *Decision) string {
	if d.PlanHash != "" {
		return d.PlanHash
	}
	return o.run().PlanHash
}

// isApproved is true when the token names the plan, or a gated phase of it.
func isApproved(o *Observation, hash string) bool {
	plan, phase, named := strings.Cut(o.Tokens.Approve, "/")
	return hash != "" && plan == hash && (!named || slices.Contains(o.Policy.Gates, v1alpha1.Phase(phase)))
}

// needsApproval is true for a plan that waits for a person.
func needsApproval(a v1alpha1.Approval, p *v1alpha1.Plan) bool {
	switch a {
	case v1alpha1.ApprovalAlways:
		return true
	case v1alpha1.ApprovalWhenDestructive:
		return p.Migrations.Destructive > 0 || p.Migrations.Unknown
	case v1alpha1.ApprovalNever:
		return false
	default:
		return false
	}
}

// planLine says on one line what a plan will do.
func planLine(p *v1alpha1.Plan) string {
	strategy := string(p.Strategy)
	if p.Fallback != "" {
		strategy += ", else " + string(p.Fallback)
	}
	rehearsal := ""
	if p.Rehearsal != "" {
		rehearsal = "; rehearsal: " + p.Rehearsal
	}
	return fmt.Sprintf("%s; %s; downtime: %s; rollback: %s%s", strategy, crossing(p.Migrations), strings.ToLower(p.Downtime[:1])+p.Downtime[1:], p.Rollback, rehearsal)
}

// longestSleep bounds the time until the next look at a window: clocks are set,
// and time zones change.
const longestSleep = time.Hour

// inWindow is true when an upgrade may begin now. Otherwise message says when it
// may, or what is wrong with the windows, and recheck when to look again.
func inWindow(now time.Time, windows []v1alpha1.MaintenanceWindow) (open bool, message string, recheck time.Duration) {
	if len(windows) == 0 {
		return true, "", 0
	}
	var next time.Time
	for i := range windows {
		is, opens, err := windowAt(now, &windows[i])
		if err != nil {
			return false, fmt.Sprintf("spec.upgrade.windows[%d]: %v", i, err), 0
		}
		open = open || is
		if next.IsZero() || !opens.IsZero() && opens.Before(next) {
			next = opens
		}
	}
	if open {
		return true, "", 0
	}
	if next.IsZero() {
		return false, "no maintenance window ever opens: look at spec.upgrade.windows", 0
	}
	message = "outside of the maintenance windows; the next one opens at " + next.UTC().Format(time.RFC3339)
	return false, message, min(next.Sub(now), longestSleep)
}
