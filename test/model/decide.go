// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// historyLimit is spec.historyLimit where history is written.
const historyLimit = 10

// verdict is what the operator makes of a view: the writes that its decision
// comes to, in their order. It depends on the view alone, and so is worked out
// once for each.
type verdict struct {
	decision decided
	// writes leaves out those that would change nothing of what the view shows.
	writes []write
	// status is the one that it was decided upon, of model.statuses, and paused
	// what spec said then.
	status uint32
	paused bool
}

// decided is what invariants ask of a decision.
type decided struct {
	move    lifecycle.Event
	gate    bool
	waiting bool
	recheck bool
	// loss is the token that accepts a loss of data, of model.texts.
	loss uint16
}

// write is one write to the API server.
type write struct {
	kind     lifecycle.ActionKind
	tier     int
	want     tier // ApplyTier
	job      job  // RunJob
	seen     tier // the component as the cache has it: what an update or a delete is about
	page     bool // ApplyService
	plan     uint16
	release  release // StoreRelease: the one to store
	revision uint8
	kept     stored // StoreRelease: what the cache has
	head     uint8  // StoreRelease
	gone     uint8  // Prune: the releases to remove, as bits
	ended    []job  // EndJobs
	// status is what the status becomes; a write of the status has kind isStatus.
	status uint32
	event  lifecycle.Event
}

// isStatus is the kind of the write that ends a decision.
const isStatus = lifecycle.ActionKind(-1)

// decide gives the verdict on what is seen in a state, as a decision that nothing
// of is done yet; the zero value when it comes to nothing.
func (m *model) decide(s *state) inflight {
	v, stale := m.viewOf(s)
	id, known := m.verdictIDs[v]
	if !known {
		id = m.judge(v)
	}
	if len(m.verdicts[id].writes) == 0 {
		return inflight{}
	}
	return inflight{verdict: id, stale: stale}
}

// decided is what would be decided in a state.
func (m *model) decidedIn(s *state) decided {
	m.decide(s)
	v, _ := m.viewOf(s)
	return m.verdicts[m.verdictIDs[v]].decision
}

// judge works a verdict out.
func (m *model) judge(v view) uint32 {
	o := m.observe(&v)
	u := m.supersets.items[v.superset]
	d := m.premises.Decide(o)
	fails := false
	out := verdict{status: u.status, paused: u.paused,
		decision: decided{move: d.Move, gate: d.Gate != "", waiting: d.Waiting, recheck: d.Recheck > 0, loss: uint16(m.texts.id(d.Loss))}}
	if d.Move == "" {
		out.writes, fails = m.writesOf(o, &v, &d)
	}
	if id := m.nextStatus(o, &v, &d); id != u.status && !fails {
		out.writes = append(out.writes, write{kind: isStatus, status: id, event: d.Move})
	}
	id := uint32(len(m.verdicts))
	m.verdicts = append(m.verdicts, out)
	m.verdictIDs[v] = id
	return id
}

// writesOf are the writes that the work of a decision comes to. It fails at the
// first action whose release cannot be read.
func (m *model) writesOf(o *lifecycle.Observation, v *view, d *lifecycle.Decision) (out []write, fails bool) {
	for _, a := range d.Work.Actions() {
		loads := a.Kind == lifecycle.ApplyTier || a.Kind == lifecycle.RunJob
		if loads && !m.loads(o, v, releaseOf(a.Release)) {
			return out, true
		}
		if w, ok := m.writeOf(o, v, a); ok {
			out = append(out, w)
		}
	}
	return out, false
}

// nextStatus is the status that follows from a decision, as in
// internal/controller.
func (m *model) nextStatus(o *lifecycle.Observation, v *view, d *lifecycle.Decision) uint32 {
	if d.Move == "" && d.Gate == "" && d.Handled == o.Status.LastHandled && o.Status.Phase != "" {
		return m.supersets.items[v.superset].status
	}
	next := o.Status.DeepCopy()
	switch {
	case d.Move != "":
		moved, err := m.premises.Advance(o, d, historyLimit)
		if err != nil {
			m.illegal = append(m.illegal, err)
			break
		}
		next = moved
	case d.Gate != "":
		next = lifecycle.AtGate(o, d)
	}
	next.LastHandled = d.Handled
	if next.Phase == "" {
		next.Phase = v1alpha1.PhasePending
	}
	return m.statusID(next)
}

// writers work out the write that each kind of action comes to; false when the
// view shows that it is done already.
var writers = map[lifecycle.ActionKind]func(*model, *lifecycle.Observation, *view, lifecycle.Action) (write, bool){
	lifecycle.ApplyTier:    (*model).tierWrite,
	lifecycle.RemoveTier:   (*model).removeWrite,
	lifecycle.RunJob:       (*model).jobWrite,
	lifecycle.EndJobs:      (*model).endWrite,
	lifecycle.StoreRelease: (*model).storeWrite,
	lifecycle.Prune:        (*model).pruneWrite,
	lifecycle.ApplyService: (*model).serviceWrite,
	lifecycle.ApplyPage:    (*model).pageWrite,
	lifecycle.RemovePage:   (*model).pageWrite,
}

// writeOf is the write that an action comes to.
func (m *model) writeOf(o *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	writer, ok := writers[a.Kind]
	if !ok {
		panic(fmt.Sprintf("action %d is not in the model yet", a.Kind))
	}
	return writer(m, o, v, a)
}

func (*model) removeWrite(_ *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	seen := v.tiers[a.Tier]
	return write{kind: a.Kind, tier: a.Tier, seen: seen}, seen.exists() && !seen.is(tierDeleted)
}

func (m *model) endWrite(_ *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	w, st := write{kind: a.Kind}, m.statusOf(&v.objects)
	for _, j := range m.jobList(&v.objects) {
		if leftover(j, st) {
			w.ended = append(w.ended, j)
		}
	}
	return w, len(w.ended) > 0
}

func (*model) serviceWrite(_ *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	return write{kind: a.Kind, page: a.Page}, a.Page != (v.page&pageInFront != 0)
}

func (*model) pageWrite(_ *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	return write{kind: a.Kind}, (v.page&pageExists == 0) == (a.Kind == lifecycle.ApplyPage)
}

func (*model) tierWrite(_ *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	r := releaseOf(a.Release)
	w := write{kind: a.Kind, tier: a.Tier, seen: v.tiers[a.Tier], want: tier{release: r, fence: uint8(a.Fence)}}
	if a.Mode == v1alpha1.ModeHold {
		w.want.flags = tierHolds
	}
	return w, !sameSpec(w.seen, w.want)
}

// loads is true when the content of a release is at hand.
func (m *model) loads(o *lifecycle.Observation, v *view, r release) bool {
	return r != none && (o.Invalid == "" && o.Desired.Hash == releases[r].hash || m.stores.items[v.store][r].revision > 0)
}

func sameSpec(a, b tier) bool {
	return a.release == b.release && a.fence == b.fence && a.is(tierHolds) == b.is(tierHolds)
}

func (*model) jobWrite(_ *lifecycle.Observation, _ *view, a lifecycle.Action) (write, bool) {
	return write{kind: a.Kind, job: job{script: scriptOf(a.Script), fence: uint8(a.Fence), attempt: uint8(a.Attempt),
		release: releaseOf(a.Release), at: active, expects: revisionSet(a.ExpectedRevision), polite: a.MaxLock > 0,
		reencrypts: a.Reencrypt, to: revisionOf(a.Revision), backup: backupFence(a.Backup)}}, true
}

func (m *model) storeWrite(o *lifecycle.Observation, v *view, a lifecycle.Action) (write, bool) {
	r := releaseOf(o.Desired.Hash)
	kept := m.stores.items[v.store][r]
	w := write{kind: a.Kind, release: r, kept: kept, head: revisionOf(a.Head), revision: uint8(o.Status.UpgradeRevision), plan: uint16(m.texts.id(a.PlanHash))}
	if kept.revision > 0 {
		w.revision = kept.revision
	}
	return w, o.Invalid == "" && kept != stored{w.revision, w.head, w.plan}
}

// keepReleases is spec.historyLimit where releases are pruned: the narrowest.
const keepReleases = 1

// pruneWrite is internal/controller's prune: the newest stay, and what is in use.
func (m *model) pruneWrite(_ *lifecycle.Observation, v *view, _ lifecycle.Action) (write, bool) {
	w, kept := write{kind: lifecycle.Prune}, 0
	for _, one := range m.storedReleases(v.store) { // the newest first
		r := releaseOf(one.Hash)
		if kept < keepReleases || m.premises.InUse(m, v, r) {
			kept++
			continue
		}
		w.gone |= 1 << r
	}
	return w, w.gone != 0
}

// inUse is true for a release that runs, that a run leads to or from, or that a
// rollback would put back: the rule of internal/controller.
func inUse(m *model, v *view, r release) bool {
	u := m.supersets.items[v.superset]
	st := &m.statuses[u.status]
	for _, used := range []release{u.desired, st.release, st.previous, st.from, st.to, st.back, st.held, st.wayBy} {
		if used == r {
			return true
		}
	}
	for i := range v.tiers {
		if v.tiers[i].release == r {
			return true
		}
	}
	return false
}
