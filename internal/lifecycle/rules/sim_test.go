// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// sim simulates a cluster with one Superset: the writes of the executor, and the reactions of
// kubelets and the database. It checks the invariants of the machine at every step.
type sim struct {
	t       *testing.T
	rnd     *rand.Rand
	now     time.Time
	since   time.Time // of the first look of the operator
	status  v1alpha1.SupersetStatus
	desired state.Release
	policy  state.Policy
	tokens  v1alpha1.LastHandled
	stored  []state.Release
	tiers   [3]state.Tier
	page    state.Page
	noWeb   bool // web has no replicas
	jobs    []simJob
	schema  int    // the major version whose head it is; 0 if never migrated
	partial bool   // the schema is partially migrated
	mysql   bool   // the database has no transactional DDL
	key     string // the key that stored secrets are encrypted with
	backups map[string]simBackup
	broken  map[string]migrations.Reason
	trace   []string
	// recorded: the last reconcile recorded the end of a Job, and did nothing else.
	recorded bool
	loss     string // the last token that the machine asked for to accept a loss of data
	// taken are the attempts of Jobs that Taken has listed.
	taken map[string]bool
}

// simBackup is what a backup holds.
type simBackup struct {
	schema  int
	key     string
	partial bool
}

type simJob struct {
	script  migrations.Script
	fence   int64
	attempt int
	release string
	expects string // the revisions that verify accepts
	order   actions.RunJob
	ended   bool
	lost    bool // its pod is gone
	result  migrations.Result
	at      time.Time
}

func newSim(t *testing.T, seed uint64) *sim {
	t.Helper()
	s := &sim{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_700_000_000, 0), broken: map[string]migrations.Reason{}, backups: map[string]simBackup{}}
	s.setSpec(4, 0)
	return s
}

// setSpec edits spec: a major version, and the number of a config.
func (s *sim) setSpec(major, config int) {
	s.desired = state.Release{Hash: fmt.Sprintf("v%d-c%d", major, config), Version: fmt.Sprintf("%d.1.0", major), Has: [3]bool{true, true, true}, Key: "old"}
	if config >= 7 && config <= 8 { // a new secret key
		s.desired.Key, s.desired.PreviousKey = "new", "old"
	}
	if config == 9 { // a release without workers and scheduler
		s.desired.Has = [3]bool{state.Web: true}
	}
	s.log("spec asks for %s", s.desired.Hash)
}

func (s *sim) log(format string, args ...any) {
	at := s.now.Sub(time.Unix(1_700_000_000, 0)).Truncate(time.Second)
	line := fmt.Sprintf("%6s %s: ", at, s.status.Phase) + fmt.Sprintf(format, args...)
	s.trace = append(s.trace, strings.TrimRight(line, ": "))
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	for _, line := range s.trace[max(0, len(s.trace)-60):] {
		s.t.Log(line)
	}
	s.t.Fatalf(format, args...)
}

func major(r state.Release) int {
	var n int
	_, _ = fmt.Sscanf(r.Version, "%d.", &n)
	return n
}

func (s *sim) release(hash string) state.Release {
	if hash == s.desired.Hash {
		return s.desired
	}
	for _, r := range s.stored {
		if r.Hash == hash {
			return r
		}
	}
	return state.Release{}
}

func (s *sim) observe() *state.Observation {
	o := &state.Observation{
		Now: s.now, Since: s.since, Status: s.status.DeepCopy(), Policy: s.policy, Tokens: s.tokens,
		Desired: s.desired, Stored: slices.Clone(s.stored), Tiers: s.tiers, Page: s.page,
	}
	for _, script := range migrations.Scripts {
		*o.JobOf(script) = s.progress(script).After(state.RecordOf(&s.status, script))
	}
	for _, t := range s.tiers {
		o.MaxFence = max(o.MaxFence, t.Fence)
	}
	for _, j := range s.jobs {
		o.MaxFence = max(o.MaxFence, j.fence)
		o.Migrating = o.Migrating || j.script.ChangesSchema() && !j.ended
		o.LeftoverJobs = o.LeftoverJobs || !j.script.ChangesSchema() && !j.ended && j.fence != s.status.UpgradeRevision
	}
	return o
}

func (s *sim) progress(script migrations.Script) migrations.Progress {
	var p migrations.Progress
	for _, j := range s.jobs {
		if j.script == script && j.fence == s.status.UpgradeRevision && j.attempt > p.Attempt {
			p = migrations.Progress{Attempt: j.attempt, Active: !j.ended, Done: j.ended && j.result.Reason == "", FinishedAt: j.at, Result: j.result}
			if j.lost {
				p.Lost, p.Done, p.Result = p.Done, false, resultOfLost(&j)
			}
			if s.broken[j.release+"/"+string(script)] == "ErrImagePull" {
				p.Blocked = "container superset waits: ErrImagePull: no such image"
			}
		}
	}
	return p
}

// resultOfLost is what is known of an ended Job without a pod: whether it succeeded.
func resultOfLost(j *simJob) migrations.Result {
	r := migrations.Result{Script: string(j.script)}
	if j.result.Reason != "" {
		r.Reason = migrations.ReasonJobCrashed
	}
	return r
}

// losePods deletes the pods of ended Jobs.
func (s *sim) losePods() {
	s.log("the pods of ended Jobs are deleted")
	for i := range s.jobs {
		s.jobs[i].lost = s.jobs[i].ended
	}
}

// loseJobs deletes the pods of ended Jobs, and some of the Jobs.
func (s *sim) loseJobs() {
	s.losePods()
	if s.rnd.IntN(2) == 0 {
		s.jobs = slices.DeleteFunc(s.jobs, func(j simJob) bool { return j.ended && s.rnd.IntN(2) == 0 })
	}
}

// reconcile is one reconcile of the operator.
func (s *sim) reconcile() lifecycle.Decision {
	if s.policy.Paused {
		s.since = s.now
	}
	o := state.Of(s.observe())
	d := Decide(o)
	if d.Kind == lifecycle.KindMove && len(d.Work.Actions()) > 0 {
		s.fail("a decision has both a move (%s) and work", d.Move.Event)
	}
	if d.Move.Event != "" {
		next, err := lifecycle.Advance(o, &d, 10)
		if err != nil {
			s.fail("illegal move: %v", err)
		}
		if next.UpgradeRevision < s.status.UpgradeRevision {
			s.fail("the fence decreased")
		}
		s.take(o, &d, next)
		s.log("%s to %s: %s %s", d.Move.Event, next.Phase, d.Reason, d.Message)
		s.status = *next
		s.status.LastHandled = d.Tokens.Handled
		s.checkInvariants()
		return d
	}
	switch s.recorded = d.Records; {
	case d.Wait.Gate != "":
		s.status = *lifecycle.AtGate(o, &d)
	case d.Records:
		s.status = *lifecycle.Record(o)
	}
	s.take(o, &d, &s.status)
	if FoldDue(o, &d) || d.Wait.Gate != "" || d.Records {
		lifecycle.Fold(&s.status, o, &d)
	}
	s.status.LastHandled = d.Tokens.Handled
	for _, a := range d.Work.Actions() {
		s.do(a)
	}
	s.checkInvariants()
	return d
}

func (s *sim) do(a actions.Action) {
	switch a := a.(type) {
	case actions.StoreRelease:
		s.store(a)
	case actions.ApplyTier:
		s.applyTier(a)
	case actions.RemoveTier:
		s.log("%s: removed", state.TierNames[a.Tier])
		s.tiers[a.Tier] = state.Tier{Pods: s.tiers[a.Tier].Pods}
	case actions.RunJob:
		s.createJob(a)
	case actions.EndJobs:
		s.log("leftover Jobs deleted")
		s.jobs = slices.DeleteFunc(s.jobs, func(j simJob) bool {
			return !j.script.ChangesSchema() && !j.ended && j.fence != s.status.UpgradeRevision
		})
	case actions.RouteTraffic:
		if s.page.HasTraffic != a.ToPage {
			s.log("traffic routed to the maintenance page: %v", a.ToPage)
		}
		s.page.HasTraffic = a.ToPage
	case actions.ApplyPage:
		s.page.Exists = true
	case actions.RemovePage:
		if s.page.HasTraffic {
			s.fail("the maintenance page is removed although it has traffic")
		}
		s.page = state.Page{}
		s.log("maintenance page removed")
	case actions.Prune:
	default:
		s.fail("unknown action %T", a)
	}
}

func (s *sim) createJob(a actions.RunJob) {
	for _, j := range s.jobs {
		if j.script == a.Script && j.fence == a.Fence && j.attempt == a.Attempt {
			return
		}
		if a.Script.ChangesSchema() && j.script.ChangesSchema() && !j.ended {
			s.fail("two Jobs change the schema concurrently")
		}
	}
	s.log("Job %s of %s, fence %d, attempt %d", a.Script, a.Release, a.Fence, a.Attempt)
	if a.Script.ChangesSchema() && s.tiers[state.Scheduler].Pods > 0 {
		s.fail("a scheduler runs during the %s Job", a.Script)
	}
	if a.Script.ChangesSchema() && a.Script != migrations.Migrate && s.tiers[state.Web].Pods+s.tiers[state.Worker].Pods > 0 {
		s.fail("tiers run during the %s Job", a.Script)
	}
	if a.Script == migrations.Backup && s.status.Upgrade.Strategy == v1alpha1.StrategyDrain && s.tiers[state.Web].Pods > 0 {
		s.fail("the backup of a Drain is taken while web serves")
	}
	if serves := s.tiers[state.Web].Pods+s.tiers[state.Worker].Pods > 0; a.Script == migrations.Migrate && serves && s.status.Upgrade.Strategy != v1alpha1.StrategyRolling {
		s.fail("tiers run during the migration of a %s plan", s.status.Upgrade.Strategy)
	}
	s.jobs = append(s.jobs, simJob{script: a.Script, fence: a.Fence, attempt: a.Attempt, release: a.Release, expects: a.ExpectedRevision, order: a})
}

func (s *sim) store(a actions.StoreRelease) {
	at := slices.IndexFunc(s.stored, func(r state.Release) bool { return r.Hash == s.desired.Hash })
	if at < 0 {
		r := s.desired
		r.Revision = s.status.UpgradeRevision
		s.stored, at = slices.Insert(s.stored, 0, r), 0
	}
	if s.stored[at].PlanHash != a.Hash {
		s.log("release %s stored with a plan: %s", s.desired.Hash, plan.InOneLine(a.Plan))
	}
	s.stored[at].PlanHash, s.stored[at].Head = a.Hash, a.Head
}

func (s *sim) applyTier(a actions.ApplyTier) {
	t := &s.tiers[a.Tier]
	if a.Fence < t.Fence {
		s.fail("tier %d: fence %d is lower than its current fence %d", a.Tier, a.Fence, t.Fence)
	}
	if t.Exists && t.Release == a.Release && t.Fence == a.Fence && t.Mode == a.Mode {
		return
	}
	r := s.release(a.Release)
	if r.Hash == "" {
		s.fail("tier %d: release %q is not stored", a.Tier, a.Release)
	}
	if a.Mode == v1alpha1.ModeServe && (t.Release != a.Release || t.Mode != a.Mode) && (s.schema < major(r) || s.partial) {
		s.fail("tier %d serves %s, the schema is at %d, partially migrated: %v", a.Tier, a.Release, s.schema, s.partial)
	}
	if a.Mode == v1alpha1.ModeServe && (t.Release != a.Release || t.Mode != a.Mode) && s.key != r.Key {
		s.fail("tier %d serves %s with key %q, stored secrets are encrypted with %q", a.Tier, a.Release, r.Key, s.key)
	}
	if others := s.tiers[state.Scheduler].Pods + s.tiers[state.Worker].Pods; a.Tier == state.Web && a.Mode == v1alpha1.ModeHold &&
		t.Mode == v1alpha1.ModeServe && t.Ready > 0 && others > 0 {
		s.fail("web stops before the scheduler and the workers have")
	}
	s.log("%s: %s at %s, fence %d", state.TierNames[a.Tier], a.Mode, a.Release, a.Fence)
	stray := t.Stray
	if t.Exists && t.Release != a.Release {
		stray = t.Pods
	}
	*t = state.Tier{Exists: true, Release: a.Release, Fence: a.Fence, Mode: a.Mode, Pods: t.Pods, Stray: stray, Ready: t.Ready}
}

// clusterStep makes one random change that the operator waits for.
func (s *sim) clusterStep() {
	s.now = s.now.Add(time.Duration(1+s.rnd.IntN(20)) * time.Second)
	if s.rnd.IntN(2) == 0 {
		for i := range s.jobs {
			if !s.jobs[i].ended && s.broken[s.jobs[i].release+"/"+string(s.jobs[i].script)] != "ErrImagePull" {
				s.endJob(&s.jobs[i])
				return
			}
		}
	}
	s.updatePage()
	s.updateTier(s.rnd.IntN(3))
}

// approve sometimes gives the approval that the machine asks for.
func (s *sim) approve(d lifecycle.Decision) {
	if d.Wait.DataLoss != "" && s.rnd.IntN(5) == 0 {
		s.tokens.AcceptDataLoss = d.Wait.DataLoss
		s.log("data loss accepted: %s", d.Wait.DataLoss)
		s.partial = s.partial && s.status.Phase != v1alpha1.PhaseValidate // or a user has restored their own backup
	}
	if d.Wait.Approval != "" && s.rnd.IntN(3) == 0 {
		s.tokens.Approve = d.Wait.Approval
		s.log("approved: %s", d.Wait.Approval)
	}
}

// updatePage updates the pod of the maintenance page.
func (s *sim) updatePage() {
	if s.page.Exists {
		s.page.Ready, s.page.Blocked = s.broken["page"] == "", string(s.broken["page"])
	}
}

// updateTier updates the pods of a tier.
func (s *sim) updateTier(tier int) {
	t := &s.tiers[tier]
	switch {
	case !t.Exists || t.Mode == v1alpha1.ModeHold:
		t.Pods, t.Stray, t.Ready = 0, 0, 0
		t.Current = t.Exists
	case s.broken[t.Release] == "TierBroken":
		t.Current, t.Blocked = true, "container superset crashes"
	default:
		t.Pods, t.Stray, t.Ready, t.Current, t.Settled, t.Blocked = 1, 0, 1, true, true, ""
		if t.Image = "sha256:0123456789abcdef" + t.Release; s.broken[t.Release+"/"+state.TierNames[tier]] == "TwoImages" {
			t.Pods, t.Ready, t.OtherImage = 2, 2, "sha256:fedcba9876543210"
		}
		if tier == state.Web && s.noWeb {
			t.Pods, t.Ready = 0, 0
		}
	}
}

// Reasons for which a rehearsal refuses one finding. Without them it proves both.
const (
	downgradeFails = migrations.Reason("DowngradeFails")
	previousFails  = migrations.Reason("PreviousFails")
)

// rehearse sets the result of a rehearse Job, which changes nothing.
func (s *sim) rehearse(j *simJob, why migrations.Reason) {
	if s.release(j.order.Current).Hash == "" {
		s.fail("a rehearsal without a running release: %q", j.order.Current)
	}
	r := migrations.Rehearsal{Downgrade: v1alpha1.FindingProven, Rolling: v1alpha1.FindingProven, MigrateSeconds: 1.2, LockSeconds: 0.4, LockTables: 8, CopySeconds: 3, Bytes: 1 << 20}
	switch why {
	case downgradeFails:
		r.Downgrade, r.DowngradeReason = v1alpha1.FindingRefused, "table boards: column css is gone"
	case previousFails:
		r.Rolling, r.RollingReason = v1alpha1.FindingRefused, "GET /login/ answers 500"
	default: // success
	}
	j.result.Rehearsal = &r
}

// crashAfterCommit crashes a migrate Job after its commit.
const crashAfterCommit = migrations.Reason("CrashAfterCommit")

func (s *sim) endJob(j *simJob) {
	r := s.release(j.release)
	if r.Hash == "" {
		r = releaseOfJob(j)
	}
	head := major(r)
	j.ended, j.at = true, s.now
	j.result = migrations.Result{Script: string(j.script), Database: "postgresql", Head: fmt.Sprint(head)}
	if s.mysql {
		j.result.Database = "mysql"
	}
	why := s.broken[j.release+"/"+string(j.script)]
	polite := why == migrations.ReasonTablesBusy || why == migrations.ReasonLockBudgetExceeded
	if polite && s.status.Upgrade.Strategy != v1alpha1.StrategyRolling {
		why = "" // these need other clients of the database, and a Drain has none
	}
	switch {
	case j.script == migrations.Rehearse && (why == "" || why == downgradeFails || why == previousFails):
		s.rehearse(j, why)
	case why == migrations.ReasonInitFailed: // after the migration
		s.migrate(j, head)
		j.result.Reason, j.result.Message = why, "made to fail"
	case why == crashAfterCommit: // without a termination message
		s.revertDatabase(j)
		s.migrate(j, head)
		j.result.Reason, j.result.Message = migrations.ReasonJobCrashed, "made to crash"
	case why != "" && (why != migrations.ReasonDatabaseUnreachable || j.attempt == 1):
		j.result.Reason, j.result.Message = why, "made to fail"
		s.partial = s.partial || s.mysql && j.script.ChangesSchema() && why.MayBreakSchema()
	case j.script == migrations.BackupCheck, j.script == migrations.RestoreCheck:
	case j.script == migrations.Backup:
		s.backups[j.order.Backup] = simBackup{s.schema, s.key, s.partial}
		j.result.Backup = &migrations.BackupResult{Name: j.order.Backup, Revision: fmt.Sprint(s.schema), Seconds: 1}
	case j.script == migrations.Downgrade, j.script == migrations.Restore:
		s.revertDatabase(j)
	case j.script == migrations.Preflight && s.key != "" && s.key != r.Key && s.key != r.PreviousKey:
		j.result.Reason, j.result.Message = migrations.ReasonSecretKeyInvalid, "the key does not decrypt the stored secrets"
	case j.script == migrations.Preflight && s.schema > head:
		j.result.Reason = migrations.ReasonDatabaseAhead
	case j.script == migrations.Preflight:
		j.result.PendingCount = int32(head - s.schema)
		if j.result.PendingCount > 0 {
			j.result.Path = &migrations.Path{Additive: int32(head - s.schema), Destructive: int32(head % 2)}
		}
		if j.order.AsUser {
			j.result.Charts = fmt.Sprintf("7:0123abcd:%d", major(s.release(s.status.Release)))
		}
	case j.script == migrations.Migrate && s.schema > head:
		j.result.Reason = migrations.ReasonDatabaseAhead
	case j.script == migrations.Migrate && s.partial:
		j.result.Reason, j.result.Message = migrations.ReasonMigrationFailed, "the schema is partially migrated"
	case j.script == migrations.Migrate:
		s.migrate(j, head)
	case !slices.Contains(strings.Split(cmp.Or(j.expects, fmt.Sprint(head)), ","), fmt.Sprint(s.schema)):
		j.result.Reason, j.result.Message = migrations.ReasonRevisionMismatch, fmt.Sprintf("the database is at %d, not at %q", s.schema, j.expects)
	}
	if j.result.Reason != migrations.ReasonJobCrashed && s.schema > 0 {
		j.result.Revision = fmt.Sprint(s.schema)
	}
	if r := j.result; j.script == migrations.Verify && r.Reason != migrations.ReasonJobCrashed {
		j.result.Checks = []migrations.Check{{Name: "Revision", OK: r.Reason == "", Detail: fmt.Sprintf("the database is at %d", s.schema)}}
		if j.order.AsUser {
			j.result.Checks = append(j.result.Checks, migrations.Check{Name: "Charts", OK: true, Detail: "before: " + s.status.Upgrade.Charts})
		}
	}
	s.log("Job %s of %s ended: %q", j.script, j.release, j.result.Reason)
}

// migrate is the effect of a migrate Job on the database.
func (s *sim) migrate(j *simJob, head int) {
	if j.script != migrations.Migrate {
		return
	}
	s.schema, s.partial = max(s.schema, head), false
	if r := s.release(j.release); s.key == "" || j.order.Reencrypt {
		s.key = r.Key
	}
}

// revertDatabase is the effect of a downgrade or restore Job on the database.
func (s *sim) revertDatabase(j *simJob) {
	switch j.script {
	case migrations.Downgrade:
		if j.order.Revision != "" {
			s.schema, _ = strconv.Atoi(j.order.Revision)
		}
		if j.order.Reencrypt {
			s.key = s.release(j.release).PreviousKey
		}
	case migrations.Restore:
		b := s.backups[j.order.Backup]
		s.schema, s.key, s.partial = b.schema, b.key, b.partial
		if fmt.Sprint(s.schema) != j.order.Revision {
			s.fail("backup %s holds %d, not %s", j.order.Backup, s.schema, j.order.Revision)
		}
	default:
	}
}

// releaseOfJob is the release of a Job if it was never stored.
func releaseOfJob(j *simJob) state.Release {
	var m, c int
	_, _ = fmt.Sscanf(j.release, "v%d-c%d", &m, &c)
	return state.Release{Hash: j.release, Version: fmt.Sprintf("%d.1.0", m)}
}

// checkInvariants checks what must hold in every state.
func (s *sim) checkInvariants() {
	st := &s.status
	if st.Phase == v1alpha1.PhaseReady {
		if st.Release != st.Upgrade.ToRelease && st.Release != st.Upgrade.RollbackRelease {
			s.fail("Ready, but the release is not that of the run")
		}
		if r := s.release(st.Release); r.Hash != "" && s.schema < major(r) {
			s.fail("Ready at %s on an older schema", st.Release)
		}
	}
	if st.Phase == v1alpha1.PhaseUpgradeWorkers && s.tiers[state.Web].Mode == v1alpha1.ModeServe && s.tiers[state.Web].Release == st.Upgrade.ToRelease &&
		s.tiers[state.Web].Fence == st.UpgradeRevision && st.Upgrade.FromRelease != st.Upgrade.ToRelease {
		s.fail("web was upgraded before its stage")
	}
	if st.Upgrade != nil && st.Upgrade.Strategy == v1alpha1.StrategyRolling && st.Phase == v1alpha1.PhaseDBMigrate && !st.Upgrade.Touched {
		s.fail("a run that migrates is not marked as touched")
	}
}

// settle runs the operator and the cluster until nothing changes.
func (s *sim) settle(limit int) {
	s.t.Helper()
	for range limit {
		d := s.reconcile()
		s.approve(d)
		if state.Resting(s.status.Phase) && s.status.Phase != v1alpha1.PhasePending && d.Move.Event == "" && s.isIdle() {
			return
		}
		s.clusterStep()
		if d.Reason == v1alpha1.ReasonRetrying {
			s.now = s.now.Add(d.Recheck)
		}
	}
	s.fail("not idle after %d steps, in %s", limit, s.status.Phase)
}

// isIdle is true when the cluster has nothing left to do.
func (s *sim) isIdle() bool {
	if s.status.Phase == v1alpha1.PhaseReady && s.page.Exists {
		return false
	}
	for _, t := range s.tiers {
		if t.Exists && (!t.Current || t.Mode == v1alpha1.ModeServe && !t.Settled && t.Blocked == "") {
			return false
		}
	}
	return true
}
