// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Advance is what a move does to the status: the phase, the run, the fence and the
// history. It does not change conditions. An event that the table does not have for the
// phase is an error, and nothing is changed.
func Advance(s *state.Snapshot, d *Decision, historyLimit int) (*v1alpha1.SupersetStatus, error) {
	next, err := Next(s.Phase, d.Move.Event)
	if err != nil {
		return nil, err
	}
	n := newDraft(s, d)
	n.historyLimit = historyLimit
	n.endPhase()
	n.recordResults()
	n.recordChecks()
	if effect, ok := effects[d.Move.Event]; ok {
		effect(n)
	}
	if state.Moving(next) && n.Upgrade != nil {
		plan.NoteRenderer(s, n.Upgrade.Plan)
	}
	if d.Move.Failed {
		n.Upgrade.Failure = &v1alpha1.Failure{Phase: s.Phase, Reason: d.Reason, Message: truncate(d.Message, 1024)}
	}
	n.enter(next)
	return n.SupersetStatus, nil
}

// AtGate is what waiting at a gate does to the status: the phase ends, so that the wait
// does not count as its time, and the plan is visible before anything moves.
func AtGate(s *state.Snapshot, d *Decision) *v1alpha1.SupersetStatus {
	n := newDraft(s, d)
	n.endPhase()
	n.recordResults()
	n.recordJobs()
	if d.Planned.Plan != nil {
		n.recordFound()
		n.Upgrade.Plan, n.Upgrade.PlanHash, n.Upgrade.Rehearsal = d.Planned.Plan, d.Planned.Hash, s.Rehearsal
	}
	return n.SupersetStatus
}

// effects are what some events do beyond changing the phase.
var effects = map[Event]func(*draft){
	Begin:         (*draft).begin,
	Migrate:       (*draft).recordPlan,
	SkipMigration: (*draft).recordPlan,
	FallBack:      (*draft).fallBack,
	Migrated:      (*draft).migrated,
	Verified:      (*draft).verified,
	Accept:        (*draft).accept,
	RollBack:      (*draft).beginRollback,
	NextClass:     (*draft).changeClass,
	Restored:      (*draft).rolledBack,
	Reverted:      (*draft).rolledBack,
	Fail:          (*draft).holdRollback,
}

// begin starts a run to the desired release under the next fence. What a replaced run
// has changed is still changed: its record goes on in the new run.
func (n *draft) begin() {
	s := n.s
	n.record(v1alpha1.ResultSuperseded)
	n.nextFence()
	kind := v1alpha1.KindUpgrade
	switch s.Running {
	case "":
		kind = v1alpha1.KindInstall
	case s.Desired.Version:
		kind = v1alpha1.KindConfigChange
	}
	n.Upgrade = &v1alpha1.UpgradeStatus{
		Kind: kind, From: s.Running, To: s.Desired.Version,
		FromRelease: n.Release, ToRelease: s.Desired.Hash, Wish: s.Desired.Wish, Slot: n.slot(), StartedAt: n.now, WebAccess: s.WebAccess,
	}
	if !s.Run.Touched || s.Phase == v1alpha1.PhaseReady || s.Phase == v1alpha1.PhaseRolledBack {
		return
	}
	n.Upgrade.Touched, n.Upgrade.Charts, n.Upgrade.EmptyDatabase = true, s.Run.Charts, s.Run.EmptyDatabase
	if s.Target.Hash == "" || s.Target.Database == s.Desired.Database {
		n.Upgrade.FromRevision = s.Run.FromRevision
	}
}

// recordPlan records the results of the preflight, and the plan.
func (n *draft) recordPlan() {
	s, p := n.s, n.d.Planned
	r := s.Preflight.Result
	if n.Schema == nil {
		n.Schema = &v1alpha1.SchemaStatus{}
	}
	n.Schema.Database, n.Schema.Revision, n.Schema.AheadAfterRollback = r.Database, r.Revision, s.Schema.AheadOfTarget
	n.Schema.PossibleRevision, n.Schema.Identity = "", r.Identity
	n.recordFound()
	if n.Upgrade.FromRevision == "" {
		n.Upgrade.FromRevision = r.Revision
	}
	if plan.Approved(s, p.Hash) {
		n.Upgrade.Approval = truncate(s.Tokens.Approve, 128)
	}
	n.Upgrade.Rehearsal, n.Upgrade.WebAccess = s.Rehearsal, s.WebAccess
	if n.Upgrade.Charts == "" {
		n.Upgrade.Charts = r.Charts
	}
	n.Upgrade.PendingMigrations, n.Upgrade.Head, n.Upgrade.Touched = r.PendingCount, r.Head, true
	n.Upgrade.Plan, n.Upgrade.PlanHash = p.Plan, p.Hash
	n.Upgrade.Strategy = p.Plan.Strategy
	n.Upgrade.EstimatedCompletion = completion(n.now, p.Plan)
}

// recordFound records what the database is to this Superset. A run on one that is not empty
// is an upgrade from what is there.
func (n *draft) recordFound() {
	switch {
	case n.s.Status.Release != "":
	case n.s.Adopts:
		n.Upgrade.Kind, n.Upgrade.From = v1alpha1.KindUpgrade, n.s.From
	default:
		n.Upgrade.EmptyDatabase = true
	}
}

// completion is when a plan should be done; nil without an estimate.
func completion(now metav1.Time, p *v1alpha1.Plan) *metav1.Time {
	var left time.Duration
	for _, step := range p.Steps {
		if step.Seconds == nil {
			return nil
		}
		if step.Phase != v1alpha1.PhaseValidate {
			left += time.Duration(*step.Seconds) * time.Second
		}
	}
	at := metav1.NewTime(now.Add(left))
	return &at
}

// fallBack stops every tier for the next migration. Its Job has another fence, so that
// its attempts are counted from one.
func (n *draft) fallBack() {
	n.nextFence()
	n.Upgrade.Strategy = v1alpha1.StrategyDrain
	n.Upgrade.FellBack = truncate(n.d.Message, 512)
	n.Upgrade.EstimatedCompletion = nil
}

// migrated records that the database is at the head of the target.
func (n *draft) migrated() {
	if n.Schema != nil {
		n.Schema.AheadAfterRollback = false
	}
}

// verified makes the target the release that runs.
func (n *draft) verified() {
	if n.Release != n.Upgrade.ToRelease {
		n.PreviousRelease = n.Release
	}
	n.Release = n.Upgrade.ToRelease
	if n.Schema != nil {
		n.Schema.SecretKey = ""
	}
}

// accept changes nothing that runs: spec asks for the verified release again.
func (n *draft) accept() {
	n.record(v1alpha1.ResultSuperseded)
	n.Upgrade.To, n.Upgrade.ToRelease, n.Upgrade.Wish, n.Upgrade.Failure = n.Upgrade.From, n.Release, "", nil
	n.Upgrade.Plan, n.Upgrade.PlanHash = nil, ""
}

// beginRollback starts a rollback under the next fence: as a part of the run under way, or as
// a run of its own.
func (n *draft) beginRollback() {
	s, r := n.s, n.d.Move.Rollback
	n.nextFence()
	if s.Phase == v1alpha1.PhaseReady || s.Phase == v1alpha1.PhaseRolledBack {
		n.Upgrade = &v1alpha1.UpgradeStatus{
			Kind: v1alpha1.KindRollback, From: s.Running, To: r.Target.Version,
			FromRelease: n.Release, ToRelease: r.Target.Hash, Wish: r.Target.Wish, FromRevision: s.Schema.Revision, StartedAt: n.now,
			WebAccess: s.WebAccess,
		}
	}
	n.Upgrade.Touched = true
	n.Upgrade.RollbackRelease, n.Upgrade.Rollback = r.Target.Hash, &r.How
	n.Upgrade.EstimatedCompletion = nil
	n.Upgrade.HeldRelease, n.Upgrade.HeldWish = s.Desired.Hash, s.Desired.Wish
	if n.d.Move.Failed { // an edit that waited meanwhile was never tried
		n.Upgrade.HeldRelease, n.Upgrade.HeldWish = n.Upgrade.ToRelease, n.Upgrade.Wish
	}
	if n.d.Reason == v1alpha1.ReasonSpecReverted {
		n.Upgrade.HeldRelease, n.Upgrade.HeldWish = "", ""
	}
}

// changeClass goes on with another rollback class. Its Job has another fence.
func (n *draft) changeClass() {
	n.nextFence()
	n.Upgrade.Rollback = &n.d.Move.Rollback.How
}

// rolledBack makes the release that was put back the one that runs.
func (n *draft) rolledBack() {
	if n.Release != n.Upgrade.RollbackRelease {
		n.Release = n.Upgrade.RollbackRelease
		n.PreviousRelease = olderRelease(n.s, n.s.RollbackTarget)
	}
	if r := n.s.Verify.Result; n.Schema != nil {
		n.Schema.Revision, n.Schema.AheadAfterRollback, n.Schema.SecretKey = r.Revision, r.Revision != r.Head, ""
		n.Schema.PossibleRevision = ""
	}
}

// olderRelease is the stored release with the next lower revision; empty for none. One of a
// higher version is skipped: it was rolled back.
func olderRelease(s *state.Snapshot, release state.Release) string {
	for _, r := range s.Stored { // the newest first
		if r.Revision < release.Revision && !state.Higher(r.Version, release.Version) {
			return r.Hash
		}
	}
	return ""
}

// holdRollback keeps a failed rollback that spec asked for from starting again and again:
// it waits for an edit or a retry token, like any other failure. A Downgrade that failed
// is not an option for the next attempt, and what a restore would drop must be accepted for it.
func (n *draft) holdRollback() {
	s, run := n.s, n.Upgrade
	if s.Phase != v1alpha1.PhaseRollback {
		return
	}
	if p := s.Schema.Job; run.Rollback != nil && run.Rollback.Class == v1alpha1.RollbackDowngrade && p.Attempt > 0 && IsFinal(p) {
		run.Rollback.FellBack = WhyFellBack(p)
	}
	n.noteDrops()
	if run.HeldRelease == "" && s.Desired.Version == s.RollbackTarget.Version {
		run.HeldRelease, run.HeldWish = s.Desired.Hash, s.Desired.Wish
	}
}

// recordChecks records what Verify has found, in an upgrade or a rollback, however it
// ended. Before its Job has a result only failed checks of the operator are recorded.
func (n *draft) recordChecks() {
	s, release := n.s, n.s.Target
	switch s.Phase {
	case v1alpha1.PhaseRollback:
		release = s.RollbackTarget
	case v1alpha1.PhaseVerify:
	default:
		return
	}
	n.Upgrade.WebAccess = s.WebAccess
	own, passed := ownChecks(s, release)
	found := s.Verify.Result.Checks
	if len(found) == 0 && (passed || !n.d.Move.Failed) {
		return
	}
	n.Upgrade.Checks = checksOf(found, own)
}
