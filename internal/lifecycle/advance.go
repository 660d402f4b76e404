// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// steps numbers the phases of a run for STEP; Ready is the last.
var steps = []v1alpha1.Phase{validate, dbMigrate, scheduler, workers, web, verify, ready}

// draft is the status that a move leads to, in the making.
type draft struct {
	*v1alpha1.SupersetStatus
	o   *Observation
	d   *Decision
	now metav1.Time
	// historyLimit bounds history.
	historyLimit int
}

// effects are what some events do beyond changing the phase.
var effects = map[Event]func(*draft){
	Begin:         (*draft).begin,
	Migrate:       (*draft).proven,
	SkipMigration: (*draft).proven,
	FallBack:      (*draft).fallBack,
	Migrated:      (*draft).migrated,
	Verified:      (*draft).settle,
	Accept:        (*draft).accept,
	RollBack:      (*draft).turnBack,
	NextClass:     (*draft).nextClass,
	Restored:      (*draft).restored,
	Reverted:      (*draft).restored,
	Fail:          (*draft).hold,
}

// Advance is what a move does to the status: the phase, the run, the fence and
// history. It leaves conditions alone. An event that the table does not know
// for the phase is an error, and nothing is changed.
func Advance(o *Observation, d *Decision, historyLimit int) (*v1alpha1.SupersetStatus, error) {
	next, err := Next(o.phase(), d.Move)
	if err != nil {
		return nil, err
	}
	s := &draft{o.Status.DeepCopy(), o, d, metav1.NewTime(o.Now).Rfc3339Copy(), historyLimit}
	s.endPhase()
	s.noteRevision()
	s.noteChecks()
	if effect, ok := effects[d.Move]; ok {
		effect(s)
	}
	if d.Failed {
		s.Upgrade.Failure = &v1alpha1.Failure{Phase: o.phase(), Reason: d.Reason, Message: truncate(d.Message, 1024)}
	}
	s.enter(next)
	return s.SupersetStatus, nil
}

// AtGate is what waiting at a gate does to the status: the phase is done, so its
// time is, and the plan is to be seen before anything moves.
func AtGate(o *Observation, d *Decision) *v1alpha1.SupersetStatus {
	s := &draft{SupersetStatus: o.Status.DeepCopy(), o: o, d: d, now: metav1.NewTime(o.Now).Rfc3339Copy()}
	s.endPhase()
	s.noteRevision()
	if d.Plan != nil {
		s.Upgrade.Plan, s.Upgrade.PlanHash, s.Upgrade.Rehearsal = d.Plan, d.PlanHash, rehearsed(o)
	}
	return s.SupersetStatus
}

// maxPhases bounds the phases that a run remembers.
const maxPhases = 16

// enter notes that a phase begins; a resting one ends the run.
func (s *draft) enter(next v1alpha1.Phase) {
	s.Phase, s.PhaseSince = next, &s.now
	s.Upgrade.Step = step(next, s.Upgrade.Step)
	switch {
	case s.d.Move == Accept: // the run has its line already
		return
	case resting(next):
		s.record(s.result(next))
		return
	}
	s.Upgrade.Phases = append(s.Upgrade.Phases, v1alpha1.PhaseRecord{Phase: next, StartedAt: s.now})
	s.Upgrade.Phases = s.Upgrade.Phases[max(0, len(s.Upgrade.Phases)-maxPhases):]
}

// results is how a run ended, by the phase in which it rests.
var results = map[v1alpha1.Phase]v1alpha1.Result{
	ready:  v1alpha1.ResultSucceeded,
	back:   v1alpha1.ResultRolledBack,
	failed: v1alpha1.ResultFailed,
}

// result is how the run ended. A run that went back has not succeeded, even if
// spec has come to ask for that.
func (s *draft) result(next v1alpha1.Phase) v1alpha1.Result {
	if s.d.Move == Reverted && s.Upgrade.Kind != v1alpha1.KindRollback {
		return v1alpha1.ResultRolledBack
	}
	return results[next]
}

// begin starts a run towards the desired release under the next fence.
func (s *draft) begin() {
	o := s.o
	s.record(v1alpha1.ResultSuperseded)
	s.UpgradeRevision = max(s.UpgradeRevision, o.MaxFence) + 1
	current := o.stored(s.Release)
	kind := v1alpha1.KindUpgrade
	switch current.Version {
	case "":
		kind = v1alpha1.KindInstall
	case o.Desired.Version:
		kind = v1alpha1.KindConfigChange
	}
	// What a replaced run had touched is still touched.
	touched := o.run().Touched && o.phase() != ready && o.phase() != back
	charts := "" // what they gave before anything was touched
	if touched {
		charts = o.run().Charts
	}
	found, left := "", o.stored(o.run().ToRelease)
	if touched && (left.Hash == "" || left.Database == o.Desired.Database) {
		found = o.run().FromRevision
	}
	s.Upgrade = &v1alpha1.UpgradeStatus{
		Kind: kind, From: current.Version, To: o.Desired.Version,
		FromRelease: s.Release, ToRelease: o.Desired.Hash,
		Touched: touched, FromRevision: found, Charts: charts, StartedAt: s.now,
	}
}

// proven takes over what the preflight found.
func (s *draft) proven() {
	r := s.o.Preflight.Result
	ahead := aheadByUs(s.o)
	if s.Schema == nil {
		s.Schema = &v1alpha1.SchemaStatus{}
	}
	s.Schema.Database, s.Schema.Revision, s.Schema.AheadAfterRollback = r.Database, r.Revision, ahead
	if s.Upgrade.FromRevision == "" {
		s.Upgrade.FromRevision = r.Revision
	}
	if isApproved(s.o, s.d.PlanHash) {
		s.Upgrade.Approval = truncate(s.o.Tokens.Approve, 128)
	}
	s.Upgrade.Rehearsal = rehearsed(s.o)
	if s.Upgrade.Charts == "" {
		s.Upgrade.Charts = r.Charts
	}
	s.Upgrade.PendingMigrations, s.Upgrade.Head, s.Upgrade.Touched = r.PendingCount, r.Head, true
	s.Upgrade.Plan, s.Upgrade.PlanHash = s.d.Plan, s.d.PlanHash
	s.Upgrade.Strategy = s.d.Plan.Strategy
	s.Upgrade.EstimatedCompletion = completion(s.now, s.d.Plan)
}

// completion is when a plan should be done; nil without an estimate.
func completion(now metav1.Time, plan *v1alpha1.Plan) *metav1.Time {
	var left time.Duration
	for _, step := range plan.Steps {
		if step.Seconds == nil {
			return nil
		}
		if step.Phase != validate {
			left += time.Duration(*step.Seconds) * time.Second
		}
	}
	at := metav1.NewTime(now.Add(left))
	return &at
}

// fallBack stops every tier for the migration that failed beside them. Its next
// Job belongs to another fence, so that its attempts are counted anew.
func (s *draft) fallBack() {
	s.UpgradeRevision = max(s.UpgradeRevision, s.o.MaxFence) + 1
	s.Upgrade.Strategy = v1alpha1.StrategyDrain
	s.Upgrade.FellBack = truncate(s.d.Message, 512)
	s.Upgrade.EstimatedCompletion = nil
}

// noteRevision takes over what the Jobs that change or back up the database found
// out and did, however they ended and wherever the run goes on: a rollback rests
// upon it.
func (s *draft) noteRevision() {
	if schema, known := schemaNow(s.o); known {
		s.Schema = &schema
	}
	if s.o.phase() != dbMigrate {
		return
	}
	if r := s.o.Migrate.Result; r.Locks != nil {
		s.Upgrade.Locks = locksOf(r.Locks)
	}
	s.Backups = backupsNow(s.o)
	if s.o.Backup.Done {
		s.Upgrade.Backup = backupName(s.o.Status.UpgradeRevision)
	}
}

// migrated notes that the database is at the head of the release.
func (s *draft) migrated() {
	if s.Schema != nil {
		s.Schema.AheadAfterRollback = false
	}
}

func locksOf(l *migrations.Locks) *v1alpha1.LockStatus {
	rounded := func(seconds float64) metav1.Duration {
		return metav1.Duration{Duration: time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond)}
	}
	return &v1alpha1.LockStatus{Tries: l.Tries, Waited: rounded(l.WaitSeconds), Held: rounded(l.HeldSeconds)}
}

// settle makes the target the release that runs.
func (s *draft) settle() {
	if s.Release != s.Upgrade.ToRelease {
		s.PreviousRelease = s.Release
	}
	s.Release = s.Upgrade.ToRelease
	if s.Schema != nil {
		s.Schema.SecretKey = ""
	}
}

// accept changes nothing that runs: spec asks again for what was verified.
func (s *draft) accept() {
	s.record(v1alpha1.ResultSuperseded)
	s.Upgrade.To, s.Upgrade.ToRelease, s.Upgrade.Failure = s.Upgrade.From, s.Release, nil
	s.Upgrade.Plan, s.Upgrade.PlanHash = nil, ""
}

// endPhase writes how long the phase under way took.
func (s *draft) endPhase() {
	if s.Upgrade == nil || len(s.Upgrade.Phases) == 0 {
		return
	}
	last := &s.Upgrade.Phases[len(s.Upgrade.Phases)-1]
	if last.Seconds == nil {
		took := int64(s.now.Sub(last.StartedAt.Time) / time.Second)
		last.Seconds = &took
	}
}

// step is where a phase stands among all; a phase outside the way forward
// keeps the last one.
func step(p v1alpha1.Phase, last string) string {
	if i := slices.Index(steps, p); i >= 0 {
		return fmt.Sprintf("%d/%d", i+1, len(steps))
	}
	return last
}

func truncate(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
