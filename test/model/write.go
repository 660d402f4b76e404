// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// outcome is what became of a write.
type outcome struct {
	// kind of the object that changed; noKind when nothing did, or one without a
	// cache in the model.
	kind int
	// changed is true when something did.
	changed bool
	// ends: the API server answered with an error, and what comes after the write
	// is not done. refused: it was one that is told to the user, and the status
	// is recorded all the same.
	ends, refused bool
}

// performers do each kind of write upon what the API server holds.
var performers = map[lifecycle.ActionKind]func(*model, *state, *write) outcome{
	lifecycle.ApplyTier: (*model).applyTier, lifecycle.RemoveTier: (*model).removeTier,
	lifecycle.RunJob: (*model).createJob, lifecycle.EndJobs: (*model).endJobs,
	lifecycle.StoreRelease: (*model).storeRelease, lifecycle.Prune: (*model).prune,
	lifecycle.ApplyService: (*model).writePage, lifecycle.ApplyPage: (*model).writePage, lifecycle.RemovePage: (*model).writePage,
}

// perform does one write of a verdict.
func (m *model) perform(s *state, w *write, stale bool) outcome {
	if w.kind == isStatus {
		return m.writeStatus(s, w, stale)
	}
	return performers[w.kind](m, s, w)
}

// removeTier is a delete with the uid and the resource version that were seen.
func (m *model) removeTier(s *state, w *write) outcome {
	at := &s.live.tiers[w.tier]
	if !sameObject(*at, w.seen) || at.is(tierDeleted) || *at != w.seen && m.premises.ResourceVersion {
		return outcome{kind: noKind}
	}
	at.flags |= tierDeleted
	return outcome{kind: w.tier, changed: true}
}

// sameObject is true when both are one object, not one made anew.
func sameObject(a, b tier) bool {
	return a.exists() && b.exists() && a.is(tierRemade) == b.is(tierRemade)
}

// writeStatus is a patch with the optimistic lock.
func (m *model) writeStatus(s *state, w *write, stale bool) outcome {
	if stale && m.premises.OptimisticLock {
		return outcome{kind: noKind, ends: true}
	}
	u := m.supersets.items[s.live.superset]
	if u.status == w.status {
		return outcome{kind: noKind}
	}
	u.status = w.status
	s.live.superset = m.supersets.id(u)
	if w.event != "" {
		s.clock = 0 // the phase begins
	}
	return outcome{kind: kindSuperset, changed: true}
}

// applyTier is a server-side apply, guarded by the uid and the resource version
// that were seen, and by the fence that must not shrink.
func (m *model) applyTier(s *state, w *write) outcome {
	at := &s.live.tiers[w.tier]
	if out := m.refusesApply(*at, w); out.ends {
		return out
	}
	if !w.seen.exists() && at.exists() || sameSpec(*at, w.want) {
		return outcome{kind: noKind} // asked for live, and found; or as it should be
	}
	remade := at.flags & tierRemade
	if !at.exists() {
		remade ^= tierRemade
	}
	flags := w.want.flags | remade | at.flags&tierDeleted
	*at = tier{release: w.want.release, fence: w.want.fence, flags: flags}
	return outcome{kind: w.tier, changed: true}
}

// refusesApply is the error with which the API server answers an apply.
func (m *model) refusesApply(at tier, w *write) outcome {
	changed := w.seen != at && m.premises.ResourceVersion
	switch {
	case w.seen.exists() && (changed || !sameObject(at, w.seen)):
		return outcome{kind: noKind, ends: true}
	case w.seen.exists() && w.want.fence < at.fence && m.premises.FenceRule:
		return outcome{kind: noKind, ends: true, refused: true}
	default:
		return outcome{kind: noKind}
	}
}

// createJob is a create under a name made from script, fence and attempt: a
// second one is refused, and that is no error.
func (m *model) createJob(s *state, w *write) outcome {
	list := m.jobLists.items[s.live.jobs]
	next := w.job
	for i, j := range list {
		if j.at == noJob || j.script != next.script || j.fence != next.fence {
			continue
		}
		if j.attempt >= next.attempt && m.premises.JobNames {
			return outcome{kind: noKind}
		}
		if !j.at.runs() { // the attempt before lives on as what is known of it
			next.waits, next.before, next.broke = j.waits, j.at, j.broke || m.resultOf(j).Reason.Breaks()
			if j.at == lockTimeout {
				next.waits++
			}
			list[i] = next
			s.live.jobs = m.jobLists.id(list)
			return outcome{kind: kindJobs, changed: true}
		}
	}
	s.live.jobs = m.jobLists.id(list.with(next))
	return outcome{kind: kindJobs, changed: true}
}

func (l jobList) with(j job) jobList {
	for i := range l {
		if l[i].at == noJob {
			l[i] = j
			return l
		}
	}
	panic("more Jobs at a time than the model has room for")
}

// without leaves out the Jobs for which gone is true.
func (l jobList) without(gone func(job) bool) jobList {
	var out jobList
	n := 0
	for _, j := range l {
		if j.at != noJob && !gone(j) {
			out[n] = j
			n++
		}
	}
	return out
}

func (m *model) endJobs(s *state, w *write) outcome {
	before := m.jobLists.items[s.live.jobs]
	after := before.without(func(j job) bool {
		for _, e := range w.ended {
			if j == e || !m.premises.ResourceVersion && j.script == e.script && j.fence == e.fence && j.attempt == e.attempt {
				return true
			}
		}
		return false
	})
	if after == before {
		return outcome{kind: noKind}
	}
	s.live.jobs = m.jobLists.id(after)
	return outcome{kind: kindJobs, changed: true}
}

func (m *model) storeRelease(s *state, w *write) outcome {
	kept := m.stores.items[s.live.store]
	is, has := stored{revision: w.revision, head: w.head, plan: w.plan}, kept[w.release]
	switch {
	case has == is, w.kept.revision == 0 && has.revision > 0: // asked for live, and found
		return outcome{kind: noKind}
	case has != w.kept && m.premises.ResourceVersion:
		return outcome{kind: noKind, ends: true}
	}
	kept[w.release] = is
	s.live.store = m.stores.id(kept)
	return outcome{kind: kindStore, changed: true}
}

func (m *model) prune(s *state, w *write) outcome {
	kept := m.stores.items[s.live.store]
	before := kept
	for r := range kept {
		if w.gone&(1<<r) != 0 {
			kept[r] = stored{}
		}
	}
	if kept == before {
		return outcome{kind: noKind}
	}
	s.live.store = m.stores.id(kept)
	return outcome{kind: kindStore, changed: true}
}

// writePage is what leads users to the maintenance page, and the page itself.
func (*model) writePage(s *state, w *write) outcome {
	before := s.page
	switch w.kind {
	case lifecycle.ApplyService:
		s.page &^= pageInFront
		if w.page {
			s.page |= pageInFront
		}
	case lifecycle.ApplyPage:
		s.page |= pageExists
	case lifecycle.RemovePage:
		s.page &^= pageExists | pageReady | pageBlocked
	default:
	}
	return outcome{kind: noKind, changed: s.page != before}
}
