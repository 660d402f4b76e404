// SPDX-License-Identifier: Apache-2.0

package lifecycle

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
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// sim is a cluster with one Superset, simulated: what the executor would do to
// it, and what kubelets and a database would make of that. It checks the laws
// of the machine at every step.
type sim struct {
	t       *testing.T
	rnd     *rand.Rand
	now     time.Time
	status  v1alpha1.SupersetStatus
	desired Release
	policy  Policy
	tokens  v1alpha1.LastHandled
	stored  []Release
	tiers   [3]Tier
	page    Page
	noWeb   bool // web has no replicas
	jobs    []simJob
	schema  int    // 0 is never migrated; else the major version whose head it is
	half    bool   // the schema was left between two revisions
	mysql   bool   // the database takes nothing back by itself
	key     string // what is stored is encrypted with it
	backups map[string]simBackup
	broken  map[string]migrations.Reason
	trace   []string
	loss    string // the token that was asked for last
}

// simBackup is what a backup holds.
type simBackup struct {
	schema int
	key    string
	half   bool
}

type simJob struct {
	script  migrations.Script
	fence   int64
	attempt int
	release string
	expects string // the revision that verify is told to find
	order   Action
	ended   bool
	result  migrations.Result
	at      time.Time
}

func newSim(t *testing.T, seed uint64) *sim {
	t.Helper()
	s := &sim{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_700_000_000, 0), broken: map[string]migrations.Reason{}, backups: map[string]simBackup{}}
	s.want(4, 0)
	return s
}

// want edits spec: a major version, and a number that stands for a config.
func (s *sim) want(major, config int) {
	s.desired = Release{Hash: fmt.Sprintf("v%d-c%d", major, config), Version: fmt.Sprintf("%d.1.0", major), Has: [3]bool{true, true, true}, Key: "old"}
	if config >= 7 && config <= 8 { // a new secret key
		s.desired.Key, s.desired.PreviousKey = "new", "old"
	}
	if config == 9 { // a release without workers and scheduler
		s.desired.Has = [3]bool{Web: true}
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

func major(r Release) int {
	var n int
	_, _ = fmt.Sscanf(r.Version, "%d.", &n)
	return n
}

func (s *sim) release(hash string) Release {
	if hash == s.desired.Hash {
		return s.desired
	}
	for _, r := range s.stored {
		if r.Hash == hash {
			return r
		}
	}
	return Release{}
}

func (s *sim) observe() *Observation {
	o := &Observation{
		Now: s.now, Status: s.status.DeepCopy(), Policy: s.policy, Tokens: s.tokens,
		Desired: s.desired, Stored: slices.Clone(s.stored), Tiers: s.tiers, Page: s.page,
		Preflight: s.progress(migrations.Preflight), Rehearse: s.progress(migrations.Rehearse), Backup: s.progress(migrations.Backup), Migrate: s.progress(migrations.Migrate),
		Verify: s.progress(migrations.Verify), Downgrade: s.progress(migrations.Downgrade), Restore: s.progress(migrations.Restore),
	}
	for _, t := range s.tiers {
		o.MaxFence = max(o.MaxFence, t.Fence)
	}
	for _, j := range s.jobs {
		o.MaxFence = max(o.MaxFence, j.fence)
		o.Migrating = o.Migrating || j.script.Changes() && !j.ended
		o.Leftover = o.Leftover || !j.script.Changes() && !j.ended && j.fence != s.status.UpgradeRevision
	}
	return o
}

func (s *sim) progress(script migrations.Script) migrations.Progress {
	var p migrations.Progress
	for _, j := range s.jobs {
		if j.script == script && j.fence == s.status.UpgradeRevision && j.attempt > p.Attempt {
			before, waits, broke := p.Result, p.Waits, p.Broke
			p = migrations.Progress{Attempt: j.attempt, Active: !j.ended, Done: j.ended && j.result.Reason == "", FinishedAt: j.at, Result: j.result}
			p.Waits = waits
			if before.Reason == migrations.ReasonLockTimeout {
				p.Waits++
			}
			p.Broke = broke || before.Reason.Breaks()
			if p.Active {
				p.Before = before
			}
			if s.broken[j.release+"/"+string(script)] == "ErrImagePull" {
				p.Blocked = "container superset waits: ErrImagePull: no such image"
			}
		}
	}
	return p
}

// reconcile is one turn of the operator.
func (s *sim) reconcile() Decision {
	o := s.observe()
	d := Decide(o)
	if d.Move != "" && len(d.Work.Actions()) > 0 {
		s.fail("a decision both moves (%s) and works", d.Move)
	}
	if d.Move != "" {
		next, err := Advance(o, &d, 10)
		if err != nil {
			s.fail("illegal move: %v", err)
		}
		if next.UpgradeRevision < s.status.UpgradeRevision {
			s.fail("the fence shrank")
		}
		s.log("%s to %s: %s %s", d.Move, next.Phase, d.Reason, d.Message)
		s.status = *next
		s.status.LastHandled = d.Handled
		s.laws()
		return d
	}
	s.status.LastHandled = d.Handled
	if d.Gate != "" {
		s.status = *AtGate(o, &d)
		s.status.LastHandled = d.Handled
	}
	for _, a := range d.Work.Actions() {
		s.do(a)
	}
	s.laws()
	return d
}

func (s *sim) do(a Action) {
	switch a.Kind {
	case StoreRelease:
		s.store(a)
	case ApplyTier:
		s.applyTier(a)
	case RemoveTier:
		s.log("%s: removed", tierNames[a.Tier])
		s.tiers[a.Tier] = Tier{Pods: s.tiers[a.Tier].Pods}
	case RunJob:
		for _, j := range s.jobs {
			if j.script == a.Script && j.fence == a.Fence && j.attempt == a.Attempt {
				return
			}
			if a.Script.Changes() && j.script.Changes() && !j.ended {
				s.fail("two Jobs change the schema at once")
			}
		}
		s.log("Job %s of %s, fence %d, attempt %d", a.Script, a.Release, a.Fence, a.Attempt)
		if a.Script.Changes() && s.tiers[Scheduler].Pods > 0 {
			s.fail("a scheduler runs beside the %s Job", a.Script)
		}
		if a.Script.Changes() && a.Script != migrations.Migrate && s.tiers[Web].Pods+s.tiers[Worker].Pods > 0 {
			s.fail("tiers run beside the %s Job", a.Script)
		}
		if a.Script == migrations.Backup && s.status.Upgrade.Strategy == v1alpha1.StrategyDrain && s.tiers[Web].Pods > 0 {
			s.fail("the backup of a Drain is taken while web serves")
		}
		if serves := s.tiers[Web].Pods+s.tiers[Worker].Pods > 0; a.Script == migrations.Migrate && serves && s.status.Upgrade.Strategy != v1alpha1.StrategyRolling {
			s.fail("tiers run beside the migration of a %s plan", s.status.Upgrade.Strategy)
		}
		s.jobs = append(s.jobs, simJob{script: a.Script, fence: a.Fence, attempt: a.Attempt, release: a.Release, expects: a.ExpectedRevision, order: a})
	case EndJobs:
		s.log("leftover Jobs ended")
		s.jobs = slices.DeleteFunc(s.jobs, func(j simJob) bool {
			return !j.script.Changes() && !j.ended && j.fence != s.status.UpgradeRevision
		})
	case ApplyService:
		if s.page.InFront != a.Page {
			s.log("users meet the page: %v", a.Page)
		}
		s.page.InFront = a.Page
	case ApplyPage:
		s.page.Exists = true
	case RemovePage:
		if s.page.InFront {
			s.fail("the maintenance page is removed although users are led to it")
		}
		s.page = Page{}
		s.log("page removed")
	case Prune:
	}
}

func (s *sim) store(a Action) {
	at := slices.IndexFunc(s.stored, func(r Release) bool { return r.Hash == s.desired.Hash })
	if at < 0 {
		r := s.desired
		r.Revision = s.status.UpgradeRevision
		s.stored, at = slices.Insert(s.stored, 0, r), 0
	}
	if s.stored[at].Plan != a.PlanHash {
		s.log("release %s stored with a plan: %s", s.desired.Hash, planLine(a.Plan))
	}
	s.stored[at].Plan, s.stored[at].Head = a.PlanHash, a.Head
}

func (s *sim) applyTier(a Action) {
	t := &s.tiers[a.Tier]
	if a.Fence < t.Fence {
		s.fail("tier %d: fence %d is lower than the one it has, %d", a.Tier, a.Fence, t.Fence)
	}
	if t.Exists && t.Release == a.Release && t.Fence == a.Fence && t.Mode == a.Mode {
		return
	}
	r := s.release(a.Release)
	if r.Hash == "" {
		s.fail("tier %d: release %q is not stored", a.Tier, a.Release)
	}
	if a.Mode == v1alpha1.ModeServe && (t.Release != a.Release || t.Mode != a.Mode) && (s.schema < major(r) || s.half) {
		s.fail("tier %d serves %s, the schema is at %d, half changed: %v", a.Tier, a.Release, s.schema, s.half)
	}
	if a.Mode == v1alpha1.ModeServe && (t.Release != a.Release || t.Mode != a.Mode) && s.key != r.Key {
		s.fail("tier %d serves %s with key %q, what is stored is encrypted with %q", a.Tier, a.Release, r.Key, s.key)
	}
	s.log("%s: %s at %s, fence %d", tierNames[a.Tier], a.Mode, a.Release, a.Fence)
	stray := t.Stray
	if t.Exists && t.Release != a.Release {
		stray = t.Pods
	}
	*t = Tier{Exists: true, Release: a.Release, Fence: a.Fence, Mode: a.Mode, Pods: t.Pods, Stray: stray, Ready: t.Ready}
}

// world lets one thing happen that the operator waits for.
func (s *sim) world() {
	s.now = s.now.Add(time.Duration(1+s.rnd.IntN(20)) * time.Second)
	if s.rnd.IntN(2) == 0 {
		for i := range s.jobs {
			if !s.jobs[i].ended && s.broken[s.jobs[i].release+"/"+string(s.jobs[i].script)] != "ErrImagePull" {
				s.endJob(&s.jobs[i])
				return
			}
		}
	}
	s.pageComes()
	s.catchUp(s.rnd.IntN(3))
}

// approve is a user who gives an approval that is asked for, some day.
func (s *sim) approve(d Decision) {
	if d.Loss != "" && s.rnd.IntN(5) == 0 {
		s.tokens.AcceptDataLoss = d.Loss
		s.log("loss of data accepted: %s", d.Loss)
		s.half = s.half && s.status.Phase != validate // or somebody has restored a backup of their own
	}
	if d.Token != "" && s.rnd.IntN(3) == 0 {
		s.tokens.Approve = d.Token
		s.log("approved: %s", d.Token)
	}
}

// pageComes is what becomes of the maintenance page's pod.
func (s *sim) pageComes() {
	if s.page.Exists {
		s.page.Ready, s.page.Blocked = s.broken["page"] == "", string(s.broken["page"])
	}
}

// catchUp is what becomes of a tier's pods.
func (s *sim) catchUp(tier int) {
	t := &s.tiers[tier]
	switch {
	case !t.Exists || t.Mode == v1alpha1.ModeHold:
		t.Pods, t.Stray, t.Ready = 0, 0, 0
		t.Current = t.Exists
	case s.broken[t.Release] == "TierBroken":
		t.Current, t.Blocked = true, "container superset crashes"
	default:
		t.Pods, t.Stray, t.Ready, t.Current, t.Settled, t.Blocked = 1, 0, 1, true, true, ""
		if t.Image = "sha256:0123456789abcdef" + t.Release; s.broken[t.Release+"/"+tierNames[tier]] == "TwoImages" {
			t.Pods, t.Ready, t.OtherImage = 2, 2, "sha256:fedcba9876543210"
		}
		if tier == Web && s.noWeb {
			t.Pods, t.Ready = 0, 0
		}
	}
}

// What a rehearsal finds: both ways are proven, but for these.
const (
	noWayDown = migrations.Reason("NoWayDown")
	oldFails  = migrations.Reason("OldFails")
)

// rehearse is what a rehearse Job reports; it changes nothing.
func (s *sim) rehearse(j *simJob, why migrations.Reason) {
	if s.release(j.order.Current).Hash == "" {
		s.fail("a rehearsal for no release that runs: %q", j.order.Current)
	}
	r := migrations.Rehearsal{Downgrade: v1alpha1.FindingProven, Rolling: v1alpha1.FindingProven, MigrateSeconds: 1.2, LockSeconds: 0.4, LockTables: 8, CopySeconds: 3, Bytes: 1 << 20}
	switch why {
	case noWayDown:
		r.Downgrade, r.DowngradeReason = v1alpha1.FindingRefused, "table boards: column css is gone"
	case oldFails:
		r.Rolling, r.RollingReason = v1alpha1.FindingRefused, "GET /login/ answers 500"
	default: // all went well
	}
	j.result.Rehearsal = &r
}

// crashesLate breaks a migrate Job after its commit.
const crashesLate = migrations.Reason("CrashesLate")

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
		why = "" // nothing is in the way of a migration that runs alone
	}
	switch {
	case j.script == migrations.Rehearse && (why == "" || why == noWayDown || why == oldFails):
		s.rehearse(j, why)
	case why == migrations.ReasonInitFailed: // after the schema was migrated
		s.migrate(j, head)
		j.result.Reason, j.result.Message = why, "made to fail"
	case why == crashesLate: // killed after the commit, without a word
		s.changeBack(j)
		s.migrate(j, head)
		j.result.Reason, j.result.Message = migrations.ReasonJobCrashed, "made to crash"
	case why != "" && (why != migrations.ReasonDatabaseUnreachable || j.attempt == 1):
		j.result.Reason, j.result.Message = why, "made to fail"
		s.half = s.half || s.mysql && j.script.Changes() && why.Breaks()
	case j.script == migrations.Backup:
		s.backups[j.order.Backup] = simBackup{s.schema, s.key, s.half}
		j.result.Backup = &migrations.BackupResult{Name: j.order.Backup, Revision: fmt.Sprint(s.schema), Seconds: 1}
	case j.script == migrations.Downgrade, j.script == migrations.Restore:
		s.changeBack(j)
	case j.script == migrations.Preflight && s.key != "" && s.key != r.Key && s.key != r.PreviousKey:
		j.result.Reason, j.result.Message = migrations.ReasonSecretKeyInvalid, "the key does not decrypt what is stored"
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
	case j.script == migrations.Migrate && s.half:
		j.result.Reason, j.result.Message = migrations.ReasonMigrationFailed, "the schema is half changed"
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

// migrate is what a migrate Job does to the database.
func (s *sim) migrate(j *simJob, head int) {
	if j.script != migrations.Migrate {
		return
	}
	s.schema, s.half = max(s.schema, head), false
	if r := s.release(j.release); s.key == "" || j.order.Reencrypt {
		s.key = r.Key
	}
}

// changeBack is what a downgrade or restore does to the database.
func (s *sim) changeBack(j *simJob) {
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
		s.schema, s.key, s.half = b.schema, b.key, b.half
		if fmt.Sprint(s.schema) != j.order.Revision {
			s.fail("backup %s holds %d, not %s", j.order.Backup, s.schema, j.order.Revision)
		}
	default:
	}
}

// releaseOfJob is the release of a Job whose release was never stored.
func releaseOfJob(j *simJob) Release {
	var m, c int
	_, _ = fmt.Sscanf(j.release, "v%d-c%d", &m, &c)
	return Release{Hash: j.release, Version: fmt.Sprintf("%d.1.0", m)}
}

// laws hold in every state.
func (s *sim) laws() {
	st := &s.status
	if st.Phase == ready {
		if st.Release != st.Upgrade.ToRelease && st.Release != st.Upgrade.RollbackRelease {
			s.fail("Ready, but the release is that of no run")
		}
		if r := s.release(st.Release); r.Hash != "" && s.schema < major(r) {
			s.fail("Ready at %s on an older schema", st.Release)
		}
	}
	if st.Phase == workers && s.tiers[Web].Mode == v1alpha1.ModeServe && s.tiers[Web].Release == st.Upgrade.ToRelease &&
		s.tiers[Web].Fence == st.UpgradeRevision && st.Upgrade.FromRelease != st.Upgrade.ToRelease {
		s.fail("web was upgraded before its turn")
	}
	if st.Upgrade != nil && st.Upgrade.Strategy == v1alpha1.StrategyRolling && st.Phase == dbMigrate && !st.Upgrade.Touched {
		s.fail("a run that migrates counts as untouched")
	}
}

// settle runs operator and world until nothing changes any more.
func (s *sim) settle(limit int) {
	s.t.Helper()
	for range limit {
		d := s.reconcile()
		s.approve(d)
		if resting(s.status.Phase) && s.status.Phase != pending && d.Move == "" && s.quiet() {
			return
		}
		s.world()
		if d.Reason == v1alpha1.ReasonRetrying {
			s.now = s.now.Add(d.Recheck)
		}
	}
	s.fail("no rest after %d steps, in %s", limit, s.status.Phase)
}

func (s *sim) quiet() bool {
	if s.status.Phase == ready && s.page.Exists {
		return false
	}
	for _, t := range s.tiers {
		if t.Exists && (!t.Current || t.Mode == v1alpha1.ModeServe && !t.Settled && t.Blocked == "") {
			return false
		}
	}
	return true
}
