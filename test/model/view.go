// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// view is what the operator sees: of each kind what its cache holds.
type view struct {
	objects
	page, clock uint8
}

// viewOf is what the operator decides upon in a state: what the caches show. Where
// anything carries a fence that the Superset there does not know, that one is read
// past the cache. stale is true for a Superset that is older than the stored one.
func (m *model) viewOf(s *state) (v view, stale bool) {
	v = view{objects: s.live, page: s.page, clock: s.clock}
	for kind := range kindCount {
		if s.lag&(1<<kind) != 0 {
			v.take(&s.old, kind)
		}
	}
	stale = s.lag&(1<<kindSuperset) != 0
	if stale && m.premises.ReadsAfresh && m.maxFence(&v) > m.statusOf(&v.objects).fence {
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

// observe is the Observation that a view makes, as internal/controller would.
func (m *model) observe(v *view) *lifecycle.Observation {
	u := m.supersets.items[v.superset]
	st := m.statuses[u.status].full
	o := &lifecycle.Observation{
		Now: momentOf(st.UpgradeRevision), Status: st, Policy: m.scenario.Policy,
		Tokens:  v1alpha1.LastHandled{Rollback: token(u.rollback), Retry: token(u.retry), Approve: m.texts.items[u.approve], AcceptDataLoss: m.texts.items[u.accept]},
		Desired: u.desired.seen(), Invalid: releases[u.desired].broken,
		Stored: m.storedReleases(v.store),
		Page:   lifecycle.Page{Exists: v.page&pageExists != 0, Ready: v.page&pageReady != 0, InFront: v.page&pageInFront != 0},
	}
	if v.page&pageBlocked != 0 {
		o.Page.Blocked = "ErrImagePull"
	}
	o.Policy.Paused = u.paused
	if v.clock&clockGrace != 0 {
		o.Now = o.Now.Add(2 * time.Minute)
	}
	if v.clock&clockLate != 0 {
		o.Now = o.Now.Add(100 * time.Hour)
	}
	for i := range o.Tiers {
		o.Tiers[i] = tierSeen(v.tiers[i], v.pods[i])
		o.MaxFence = max(o.MaxFence, o.Tiers[i].Fence)
	}
	m.observeJobs(o, v)
	return o
}

// seen is a release as spec has it.
func (r release) seen() lifecycle.Release {
	a := &releases[r]
	return lifecycle.Release{Hash: a.hash, Version: a.version, Has: a.has, Key: a.key.name(), PreviousKey: a.before.name(), Database: "db/uri"}
}

func token(n uint8) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("token-%d", n)
}

func (m *model) storedReleases(id uint32) []lifecycle.Release {
	var out []lifecycle.Release
	for r, kept := range m.stores.items[id] {
		if kept.revision > 0 {
			one := release(r).seen()
			one.Revision, one.Plan, one.Head = int64(kept.revision), m.texts.items[kept.plan], revisionName(kept.head)
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b lifecycle.Release) int { return int(b.Revision - a.Revision) })
	return out
}

func tierSeen(t tier, p pods) lifecycle.Tier {
	out := lifecycle.Tier{Pods: p.count()}
	if !t.exists() {
		return out
	}
	out.Exists, out.Release, out.Fence = true, releases[t.release].hash, int64(t.fence)
	out.Mode = v1alpha1.ModeServe
	if t.is(tierHolds) {
		out.Mode = v1alpha1.ModeHold
	}
	out.Current, out.Settled = t.is(tierCurrent), t.is(tierSettled)
	for _, one := range []pod{p.stands, p.comes} {
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
func (m *model) observeJobs(o *lifecycle.Observation, v *view) {
	list := m.jobLists.items[v.jobs]
	st := m.statuses[m.supersets.items[v.superset].status]
	progress := [scriptCount]*migrations.Progress{preflight: &o.Preflight, backup: &o.Backup, migrate: &o.Migrate,
		verify: &o.Verify, downgrade: &o.Downgrade, restore: &o.Restore}
	for _, j := range list {
		if j.at == noJob {
			continue
		}
		o.MaxFence = max(o.MaxFence, int64(j.fence))
		o.Migrating = o.Migrating || scripts[j.script].changes && j.at.runs()
		o.Leftover = o.Leftover || leftover(j, &st)
		if p := progress[j.script]; j.fence == st.fence && int(j.attempt) > p.Attempt {
			*p = m.progressOf(j, o.Now)
		}
	}
}

// leftover is true for a Job that has not ended and that nobody waits for, as in
// internal/controller.
func leftover(j job, st *status) bool {
	if scripts[j.script].changes || !j.at.runs() {
		return false
	}
	return j.fence != st.fence || !slices.Contains(scripts[j.script].waits, st.phase)
}

func (m *model) progressOf(j job, now time.Time) migrations.Progress {
	p := migrations.Progress{Attempt: int(j.attempt), Waits: int(j.waits), Broke: j.broke}
	if j.at.runs() {
		p.Active = true
		if j.before != noJob {
			before := j
			before.at = j.before
			p.Before = m.resultOf(before)
		}
		return p
	}
	p.FinishedAt = now
	if j.rested {
		p.FinishedAt = now.Add(-time.Hour)
	}
	p.Result = m.resultOf(j)
	p.Done = p.Result.Reason == ""
	return p
}

// reasons are what the ends of Jobs are called.
var reasons = map[jobState]migrations.Reason{
	failedForGood: migrations.ReasonConfigInvalid, failedForNow: migrations.ReasonDatabaseUnreachable,
	lockTimeout: migrations.ReasonLockTimeout, overBudget: migrations.ReasonLockBudgetExceeded, tablesBusy: migrations.ReasonTablesBusy,
	databaseAhead: migrations.ReasonDatabaseAhead, keyInvalid: migrations.ReasonSecretKeyInvalid, mismatch: migrations.ReasonRevisionMismatch,
	crashed: migrations.ReasonJobCrashed, crashedLate: migrations.ReasonJobCrashed, initFailed: migrations.ReasonInitFailed,
}

// resultOf is what a Job that has ended left behind.
func (m *model) resultOf(j job) migrations.Result {
	r := migrations.Result{Script: string(scripts[j.script].name), Reason: reasons[j.at]}
	if j.at == failedInside {
		r.Reason = scripts[j.script].broken
	}
	if r.Reason == migrations.ReasonJobCrashed {
		return r
	}
	head := releases[j.release].head
	r.Database, r.Revision, r.Head = m.scenario.Database, revisionName(j.revision), revisionName(head)
	if j.script == preflight && head > j.revision {
		r.PendingCount = int32(head - j.revision)
		r.Path = &migrations.Path{Additive: r.PendingCount}
		if !lifecycle.Measured(releases[j.release].version) {
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

// backupName is that of the backup which is taken under a fence.
func backupName(fence uint8) string { return fmt.Sprintf("r%d", fence) }

// backupFence is the fence that a backup is named after; 0 for none.
func backupFence(name string) uint8 {
	var fence uint8
	_, _ = fmt.Sscanf(name, "r%d", &fence)
	return fence
}
