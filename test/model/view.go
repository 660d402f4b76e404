// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// view is what the operator reads: the cached objects of each kind.
type view struct {
	objects
	page, clock, slots uint8
	// renderer is true for the other release of the operator.
	renderer bool
}

// viewOf is the view that the operator decides on in a state. If an object carries a higher fence
// than the cached Superset, the Superset is read from the API server. stale is true if the Superset
// in the view is older than the stored one.
func (m *model) viewOf(s *state) (v view, stale bool) {
	v = view{objects: s.live, page: s.page, clock: s.clock, slots: s.slots, renderer: s.renderer}
	for kind := range kindCount {
		if s.stale&(1<<kind) != 0 {
			v.take(&s.old, kind)
		}
	}
	stale = s.stale&(1<<kindSuperset) != 0
	if stale && m.premises.LiveRead && m.maxFence(&v) > m.statusOf(&v.objects).fence {
		v.superset, stale = s.live.superset, false
	}
	return v, stale
}

// maxFence is the highest fence that any component or Job carries.
func (m *model) maxFence(v *view) uint8 {
	fence := uint8(0)
	for _, t := range v.tiers {
		fence = max(fence, t.fence)
	}
	for _, j := range m.jobLists.items[v.jobs] {
		fence = max(fence, j.fence)
	}
	return fence
}

// observe makes the Observation of a view, as internal/controller does.
func (m *model) observe(v *view) *machine.Observation {
	u := m.supersets.items[v.superset]
	st := m.statuses[u.status].full
	o := &machine.Observation{
		Now: timeOf(st.UpgradeRevision), Status: st, Policy: m.scenario.Policy,
		Tokens:  v1alpha1.LastHandled{Rollback: token(u.rollback), Retry: token(u.retry), Approve: m.texts.items[u.approve], AcceptDataLoss: m.texts.items[u.accept]},
		Desired: u.desired.renderedBy(v.renderer).rendered(), Invalid: releases[u.desired].broken,
		Stored: m.storedReleases(v.store), Busy: map[v1alpha1.SlotKind]string{},
		Page: machine.Page{Exists: v.page&pageExists != 0, Ready: v.page&pageReady != 0, HasTraffic: v.page&pageHasTraffic != 0},
	}
	if v.page&pageBlocked != 0 {
		o.Page.Blocked = "ErrImagePull"
	}
	o.Policy.Paused = u.paused
	if v.clock&clockGrace != 0 {
		o.Now = o.Now.Add(2 * time.Minute)
	}
	if v.clock&clockAway != 0 {
		o.Now = o.Now.Add(100 * time.Hour)
		o.Since = o.Now // the first look of this process, or the first one after the pause
	}
	if v.clock&clockLate != 0 {
		o.Now = o.Now.Add(100 * time.Hour)
	}
	for i, kind := range slotKinds {
		if v.slots&(1<<i) != 0 {
			o.Busy[kind] = "1 of 1 are taken (other/superset)"
		}
	}
	for i := range o.Tiers {
		o.Tiers[i] = tierSeen(v.tiers[i], v.pods[i])
		o.MaxFence = max(o.MaxFence, o.Tiers[i].Fence)
	}
	m.observeJobs(o, v)
	return o
}

// rendered is the release as rendered from spec.
func (r release) rendered() machine.Release {
	a := &releases[r]
	return machine.Release{Hash: a.hash, Wish: releases[r.wish()].hash, Version: a.version, Has: a.has, Key: a.key.name(), PreviousKey: a.before.name(), Database: "db/uri"}
}

func token(n uint8) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("token-%d", n)
}

func (m *model) storedReleases(id uint32) []machine.Release {
	var out []machine.Release
	for r, kept := range m.stores.items[id] {
		if kept.revision > 0 {
			one := release(r).rendered()
			one.Revision, one.PlanHash, one.Head = int64(kept.revision), m.texts.items[kept.plan], revisionName(kept.head)
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b machine.Release) int { return int(b.Revision - a.Revision) })
	return out
}

func tierSeen(t tier, p pods) machine.Tier {
	out := machine.Tier{Pods: p.count()}
	if !t.exists() {
		return out
	}
	out.Exists, out.Release, out.Fence = true, releases[t.release].hash, int64(t.fence)
	out.Mode = v1alpha1.ModeServe
	if t.is(tierHolds) {
		out.Mode = v1alpha1.ModeHold
	}
	out.Current, out.Settled = t.is(tierCurrent), t.is(tierSettled)
	for _, one := range []pod{p.current, p.next} {
		if one.release == none || one.at == podEnding {
			continue
		}
		if one.release != t.release {
			out.Stray++
		}
		if one.at == podReady {
			out.Ready++
		} else {
			out.Blocked = "container superset crashes"
		}
	}
	return out
}

// observeJobs reads the Jobs as migrations.ProgressOf does.
func (m *model) observeJobs(o *machine.Observation, v *view) {
	list := m.jobLists.items[v.jobs]
	st := m.statuses[m.supersets.items[v.superset].status]
	progress := [scriptCount]*migrations.Progress{preflight: &o.Preflight, backupCheck: &o.BackupCheck, backup: &o.Backup,
		migrate: &o.Migrate, verify: &o.Verify, downgrade: &o.Downgrade, restoreCheck: &o.RestoreCheck, restore: &o.Restore}
	for _, j := range list {
		if j.at == noJob {
			continue
		}
		o.MaxFence = max(o.MaxFence, int64(j.fence))
		o.Migrating = o.Migrating || scripts[j.script].changes && j.at.runs()
		o.LeftoverJobs = o.LeftoverJobs || leftover(j, &st)
		if p := progress[j.script]; j.fence == st.fence && int(j.attempt) > p.Attempt {
			*p = m.progressOf(j, o.Now)
		}
	}
	for i := range progress {
		p := progress[i]
		*p = recordedProgress(p, machine.RecordOf(o.Status, scripts[i].name), o.Now)
	}
}

// recordedProgress adds what is recorded of a Job. The backoff after one that is gone is over.
func recordedProgress(live *migrations.Progress, record *v1alpha1.JobRecord, now time.Time) migrations.Progress {
	p := live.After(record)
	switch {
	case p.Attempt == 0 || p.Active:
	case live.Attempt == p.Attempt && live.Active: // the cache is stale
		p.FinishedAt = now
	case live.Attempt == p.Attempt:
		p.FinishedAt = live.FinishedAt
	default:
		p.FinishedAt = now.Add(-time.Hour)
	}
	return p
}

// leftover is true for an active Job that no phase waits for, as in internal/controller.
func leftover(j job, st *status) bool {
	if scripts[j.script].changes || !j.at.runs() {
		return false
	}
	return j.fence != st.fence || !slices.Contains(scripts[j.script].waits, st.phase)
}

func (m *model) progressOf(j job, now time.Time) migrations.Progress {
	p := migrations.Progress{Attempt: int(j.attempt), Active: j.at.runs()}
	if p.Active {
		return p
	}
	p.FinishedAt = now
	if j.backedOff {
		p.FinishedAt = now.Add(-time.Hour)
	}
	p.Result, p.Lost = m.resultOf(j), j.lost && j.at == succeeded
	p.Done = p.Result.Reason == "" && !p.Lost
	return p
}

// reasons are the reasons that Jobs report for their final states.
var reasons = map[jobState]migrations.Reason{
	failedPermanently: migrations.ReasonConfigInvalid, failedRetryable: migrations.ReasonDatabaseUnreachable,
	lockTimeout: migrations.ReasonLockTimeout, overBudget: migrations.ReasonLockBudgetExceeded, tablesBusy: migrations.ReasonTablesBusy,
	databaseAhead: migrations.ReasonDatabaseAhead, keyInvalid: migrations.ReasonSecretKeyInvalid, mismatch: migrations.ReasonRevisionMismatch,
	crashed: migrations.ReasonJobCrashed, crashedAfterCommit: migrations.ReasonJobCrashed, initFailed: migrations.ReasonInitFailed,
}

// reasonOf is the reason that is known of an ended Job.
func reasonOf(j job) migrations.Reason {
	switch {
	case j.lost && j.at != succeeded:
		return migrations.ReasonJobCrashed
	case j.at == failedInChange:
		return scripts[j.script].broken
	default:
		return reasons[j.at]
	}
}

// resultOf is the result of an ended Job.
func (m *model) resultOf(j job) migrations.Result {
	r := migrations.Result{Script: string(scripts[j.script].name), Reason: reasonOf(j)}
	if j.lost || r.Reason == migrations.ReasonJobCrashed {
		return r
	}
	head := releases[j.release].head
	r.Database, r.Revision, r.Head = m.scenario.Database, revisionName(j.revision), revisionName(head)
	if j.script == preflight && head > j.revision {
		r.PendingCount = int32(head - j.revision)
		r.Path = &migrations.Path{Additive: r.PendingCount}
		if !machine.Tested(releases[j.release].version) {
			r.Path = &migrations.Path{DataChanging: r.PendingCount}
		}
	}
	if j.script == backup && j.at == succeeded {
		r.Backup = &migrations.BackupResult{Name: backupName(j.backup), Revision: r.Revision, Kept: []string{backupName(j.backup)}}
		if j.kept > 0 {
			r.Backup.Kept = append(r.Backup.Kept, backupName(j.kept))
		}
	}
	return r
}

// backupName is the name of the backup taken under a fence.
func backupName(fence uint8) string { return fmt.Sprintf("r%d", fence) }

// backupFence is the fence in the name of a backup; 0 for none.
func backupFence(name string) uint8 {
	var fence uint8
	_, _ = fmt.Sscanf(name, "r%d", &fence)
	return fence
}
