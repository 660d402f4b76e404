// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// historyLimit is spec.historyLimit for the lines of history.
const historyLimit = 10

// verdict is the decision on a view as a sequence of writes. It depends only on the view and is
// computed once for each.
type verdict struct {
	decision decided
	// writes has only writes that would change an object of the view.
	writes []write
	// status is the status that was decided on, of model.statuses, and paused the value of
	// spec.paused.
	status uint32
	paused bool
}

// decided has the fields of a decision that invariants read.
type decided struct {
	move    lifecycle.Event
	gate    bool
	waiting bool
	recheck bool
	slot    bool // waits for a slot
	// loss is the token that accepts a data loss, of model.texts.
	loss uint16
}

// write is one write to the API server.
type write struct {
	kind     writeKind
	tier     int
	want     tier // ApplyTier
	job      job  // RunJob
	seen     tier // the cached component, the precondition of an update or a delete
	page     bool // writeTraffic
	plan     uint16
	release  release // StoreRelease: the release to store
	revision uint8
	kept     stored // StoreRelease: the cached revision
	head     uint8  // StoreRelease
	gone     uint16 // Prune: the releases to remove, as bits
	ended    []job  // EndJobs
	// writeStatus: the new status, of model.statuses, and the event of the move.
	status uint32
	event  lifecycle.Event
}

// writeKind is the kind of a write.
type writeKind int

// The kinds of writes: one for each action, and the status write that ends a decision.
const (
	writeStatus writeKind = iota
	writeApplyTier
	writeRemoveTier
	writeRunJob
	writeEndJobs
	writeStoreRelease
	writePrune
	writeTraffic
	writeApplyPage
	writeRemovePage
)

// decide returns the verdict on the view of a state, with none of its writes done; the zero value if
// it has no writes.
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

// decidedIn is the decision on the view of a state.
func (m *model) decidedIn(s *state) decided {
	m.decide(s)
	v, _ := m.viewOf(s)
	return m.verdicts[m.verdictIDs[v]].decision
}

// judge computes a verdict.
func (m *model) judge(v view) uint32 {
	o := m.observe(&v)
	u := m.supersets.items[v.superset]
	d := m.premises.Decide(o)
	fails := false
	out := verdict{status: u.status, paused: u.paused,
		decision: decided{move: d.Move.Event, gate: d.Wait.Gate != "", waiting: d.Kind == lifecycle.KindWait, recheck: d.Recheck > 0,
			slot: d.Reason == v1alpha1.ReasonWaitingForSlot, loss: uint16(m.texts.id(d.Wait.DataLoss))}}
	if d.Kind != lifecycle.KindMove {
		out.writes, fails = m.writesOf(o, &v, &d)
	}
	if id := m.nextStatus(o, &v, &d); id != u.status && !fails {
		out.writes = append(out.writes, write{kind: writeStatus, status: id, event: d.Move.Event})
	}
	id := uint32(len(m.verdicts))
	m.verdicts = append(m.verdicts, out)
	m.verdictIDs[v] = id
	return id
}

// writesOf returns the writes of the work of a decision. It fails if the release of an action
// cannot be loaded; then the actions that need all others are left out.
func (m *model) writesOf(o *machine.Observation, v *view, d *lifecycle.Decision) (out []write, fails bool) {
	for _, a := range d.Work.Actions() {
		if fails && actions.NeedsAll(a) {
			continue
		}
		if hash, loads := loadedBy(a); loads && !m.loads(o, v, releaseOf(hash)) {
			fails = true
			continue
		}
		if w, ok := m.writeOf(o, v, a); ok {
			out = append(out, w)
		}
	}
	return out, fails
}

// loadedBy is the release that an action loads; false if it loads none.
func loadedBy(a actions.Action) (hash string, loads bool) {
	switch a := a.(type) {
	case actions.ApplyTier:
		return a.Release, true
	case actions.RunJob:
		return a.Release, true
	default:
		return "", false
	}
}

// nextStatus is the status after a decision, as in internal/controller.
func (m *model) nextStatus(o *machine.Observation, v *view, d *lifecycle.Decision) uint32 {
	if stays(d) && d.Tokens.Handled == o.Status.LastHandled && o.Status.Phase != "" {
		return m.supersets.items[v.superset].status
	}
	next := o.Status.DeepCopy()
	switch {
	case d.Kind == lifecycle.KindMove:
		moved, err := m.premises.Advance(o, d, historyLimit)
		if err != nil {
			m.illegal = append(m.illegal, err)
			break
		}
		next = moved
	case d.Wait.Gate != "":
		next = lifecycle.AtGate(machine.Of(o), d)
	case d.Records:
		next = m.premises.Record(o)
	}
	next.LastHandled = d.Tokens.Handled
	if next.Phase == "" {
		next.Phase = v1alpha1.PhasePending
	}
	return m.statusID(next)
}

// stays is true for a decision that changes neither the phase nor the record of the run.
func stays(d *lifecycle.Decision) bool {
	return d.Kind != lifecycle.KindMove && d.Wait.Gate == "" && !d.Records
}

// writeOf is the write of an action; false if it would change nothing in the view.
func (m *model) writeOf(o *machine.Observation, v *view, a actions.Action) (write, bool) {
	switch a := a.(type) {
	case actions.ApplyTier:
		return tierWrite(v, a)
	case actions.RemoveTier:
		seen := v.tiers[a.Tier]
		return write{kind: writeRemoveTier, tier: a.Tier, seen: seen}, seen.exists() && !seen.is(tierDeleted)
	case actions.RunJob:
		return jobWrite(a)
	case actions.EndJobs:
		return m.endWrite(v)
	case actions.StoreRelease:
		return m.storeWrite(o, v, a)
	case actions.Prune:
		return m.pruneWrite(v)
	default:
		return pageWrite(v, a)
	}
}

// pageWrite is the write of an action on the maintenance page.
func pageWrite(v *view, a actions.Action) (write, bool) {
	exists := v.page&pageExists != 0
	switch a := a.(type) {
	case actions.RouteTraffic:
		return write{kind: writeTraffic, page: a.ToPage}, a.ToPage != (v.page&pageHasTraffic != 0)
	case actions.ApplyPage:
		return write{kind: writeApplyPage}, !exists
	case actions.RemovePage:
		return write{kind: writeRemovePage}, exists
	default:
		panic(fmt.Sprintf("action %T is not in the model", a))
	}
}

func (m *model) endWrite(v *view) (write, bool) {
	w, st := write{kind: writeEndJobs}, m.statusOf(&v.objects)
	for _, j := range m.jobList(&v.objects) {
		if leftover(j, st) {
			w.ended = append(w.ended, j)
		}
	}
	return w, len(w.ended) > 0
}

func tierWrite(v *view, a actions.ApplyTier) (write, bool) {
	r := releaseOf(a.Release)
	w := write{kind: writeApplyTier, tier: a.Tier, seen: v.tiers[a.Tier], want: tier{release: r, fence: uint8(a.Fence)}}
	if a.Mode == v1alpha1.ModeHold {
		w.want.flags = tierHolds
	}
	return w, !sameSpec(w.seen, w.want)
}

// loads is true if the content of a release can be loaded.
func (m *model) loads(o *machine.Observation, v *view, r release) bool {
	return r != none && (o.Invalid == "" && o.Desired.Hash == releases[r].hash || m.stores.items[v.store][r].revision > 0)
}

func sameSpec(a, b tier) bool {
	return a.release == b.release && a.fence == b.fence && a.is(tierHolds) == b.is(tierHolds)
}

func jobWrite(a actions.RunJob) (write, bool) {
	return write{kind: writeRunJob, job: job{script: scriptOf(a.Script), fence: uint8(a.Fence), attempt: uint8(a.Attempt),
		release: releaseOf(a.Release), at: active, expects: revisionSet(a.ExpectedRevision), polite: a.MaxLockTime > 0,
		reencrypts: a.Reencrypt, to: revisionOf(a.Revision), backup: backupFence(a.Backup)}}, true
}

func (m *model) storeWrite(o *machine.Observation, v *view, a actions.StoreRelease) (write, bool) {
	r := releaseOf(o.Desired.Hash)
	kept := m.stores.items[v.store][r]
	w := write{kind: writeStoreRelease, release: r, kept: kept, head: revisionOf(a.Head), revision: uint8(o.Status.UpgradeRevision), plan: uint16(m.texts.id(a.Hash))}
	if kept.revision > 0 {
		w.revision = kept.revision
	}
	return w, o.Invalid == "" && kept != stored{w.revision, w.head, w.plan}
}

// keepReleases is spec.historyLimit for pruning: the lowest value.
const keepReleases = 1

// pruneWrite prunes as internal/controller does: it keeps the newest releases and those in use.
func (m *model) pruneWrite(v *view) (write, bool) {
	w, kept := write{kind: writePrune}, 0
	for _, one := range m.storedReleases(v.store) { // newest first
		r := releaseOf(one.Hash)
		if kept < keepReleases || m.premises.InUse(m, v, r) {
			kept++
			continue
		}
		w.gone |= 1 << r
	}
	return w, w.gone != 0
}

// inUse is true for the running release, the source and target of a run, and a rollback target, as in
// internal/controller.
func inUse(m *model, v *view, r release) bool {
	u := m.supersets.items[v.superset]
	st := &m.statuses[u.status]
	for _, used := range []release{u.desired.renderedBy(v.renderer), st.release, st.previous, st.from, st.to, st.back, st.held, st.rollbackImage} {
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
