// SPDX-License-Identifier: Apache-2.0

package model

import (
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// outcome is the result of a write.
type outcome struct {
	// kind of the changed object; noKind if nothing changed, or if the model has no cache for it.
	kind int
	// changed is true if an object has changed.
	changed bool
	// ends: the API server returned an error, and the remaining writes are skipped. refused: the
	// error is reported to the user, and the status is still recorded.
	ends, refused bool
}

// performers apply each kind of write to the objects of the API server.
var performers = map[writeKind]func(*model, *state, *write) outcome{
	writeApplyTier: (*model).applyTier, writeRemoveTier: (*model).removeTier,
	writeRunJob: (*model).createJob, writeEndJobs: (*model).endJobs,
	writeStoreRelease: (*model).storeRelease, writePrune: (*model).prune,
	writeTraffic: (*model).writePage, writeApplyPage: (*model).writePage, writeRemovePage: (*model).writePage,
}

// perform applies one write of a verdict.
func (m *model) perform(s *state, w *write, stale bool) outcome {
	if w.kind == writeStatus {
		return m.writeStatus(s, w, stale)
	}
	return performers[w.kind](m, s, w)
}

// removeTier deletes with the observed uid and resource version as preconditions.
func (m *model) removeTier(s *state, w *write) outcome {
	at := &s.live.tiers[w.tier]
	if !sameObject(*at, w.seen) || at.is(tierDeleted) || *at != w.seen && m.premises.ResourceVersion {
		return outcome{kind: noKind}
	}
	at.flags |= tierDeleted
	return outcome{kind: w.tier, changed: true}
}

// sameObject is true if both are the same object, not a re-created one.
func sameObject(a, b tier) bool {
	return a.exists() && b.exists() && a.is(tierRemade) == b.is(tierRemade)
}

// writeStatus patches the status with the optimistic lock.
func (m *model) writeStatus(s *state, w *write, stale bool) outcome {
	if stale && m.premises.OptimisticLock {
		return outcome{kind: noKind, ends: true}
	}
	if kind := m.takesSlot(s, w); m.premises.SlotCheck && kind != "" && s.slots&(1<<slices.Index(slotKinds, kind)) != 0 {
		return outcome{kind: noKind, ends: true}
	}
	u := m.supersets.items[s.live.superset]
	if u.status == w.status {
		return outcome{kind: noKind}
	}
	u.status = w.status
	s.live.superset = m.supersets.id(u)
	if w.event != "" {
		s.clock = 0 // a new phase begins
	}
	s.asked = s.asked && w.event != lifecycle.Begin
	return outcome{kind: kindSuperset, changed: true}
}

// takesSlot is the slot that a write takes with the run that it begins; empty for none.
func (m *model) takesSlot(s *state, w *write) v1alpha1.SlotKind {
	if w.kind != writeStatus || w.event != lifecycle.Begin || !m.statusOf(&s.live).phase.resting() {
		return ""
	}
	return m.statuses[w.status].full.Upgrade.Slot
}

// applyTier is a server-side apply with the observed uid and resource version as preconditions. The
// fence must not decrease.
func (m *model) applyTier(s *state, w *write) outcome {
	at := &s.live.tiers[w.tier]
	if out := m.refusesApply(*at, w); out.ends {
		return out
	}
	if !w.seen.exists() && at.exists() || sameSpec(*at, w.want) {
		return outcome{kind: noKind} // found in a live read, or already up to date
	}
	remade := at.flags & tierRemade
	if !at.exists() {
		remade ^= tierRemade
	}
	flags := w.want.flags | remade | at.flags&tierDeleted
	*at = tier{release: w.want.release, fence: w.want.fence, flags: flags}
	return outcome{kind: w.tier, changed: true}
}

// refusesApply is the error of the API server for an apply, if any.
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

// createJob creates a Job whose name contains script, fence and attempt. A second create is
// rejected, which the operator does not treat as an error.
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
		if !j.at.runs() { // the previous attempt is replaced
			next.waits = j.waits + j.uncounted()
			list[i] = next
			s.live.jobs = m.jobLists.id(list)
			return outcome{kind: kindJobs, changed: true}
		}
	}
	s.live.jobs = m.jobLists.id(list.with(next))
	return outcome{kind: kindJobs, changed: true}
}

// uncounted is 1 for an attempt that does not count: it waited for a lock, or its result was lost.
func (j job) uncounted() uint8 {
	if j.at == lockTimeout && !j.lost || j.at == succeeded {
		return 1
	}
	return 0
}

func (l jobList) with(j job) jobList {
	for i := range l {
		if l[i].at == noJob {
			l[i] = j
			return l
		}
	}
	panic("more Jobs than maxJobs")
}

// without removes the Jobs for which gone is true.
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
	case has == is, w.kept.revision == 0 && has.revision > 0: // found in a live read
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

// writePage writes the maintenance page and the traffic of the web Service.
func (*model) writePage(s *state, w *write) outcome {
	before := s.page
	switch w.kind {
	case writeTraffic:
		s.page &^= pageHasTraffic
		if w.page {
			s.page |= pageHasTraffic
		}
	case writeApplyPage:
		s.page |= pageExists
	case writeRemovePage:
		s.page &^= pageExists | pageReady | pageBlocked
	default:
	}
	return outcome{kind: noKind, changed: s.page != before}
}
