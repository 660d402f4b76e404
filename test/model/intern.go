// SPDX-License-Identifier: Apache-2.0

package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// table assigns numbers to values; the zero value has 0.
type table[K comparable] struct {
	ids   map[K]uint32
	items []K
}

func newTable[K comparable]() *table[K] {
	var zero K
	return &table[K]{ids: map[K]uint32{zero: 0}, items: []K{zero}}
}

func (t *table[K]) id(k K) uint32 {
	id, ok := t.ids[k]
	if !ok {
		id = uint32(len(t.items))
		t.ids[k] = id
		t.items = append(t.items, k)
	}
	return id
}

// phase is an index of v1alpha1.Phases plus one; 0 for a status without a phase.
type phase uint8

const (
	pNone phase = iota
	pPending
	pReady
	pRolledBack
	pFailed
	pValidate
	pDBMigrate
	pScheduler
	pWorkers
	pWeb
	pVerify
	pRollback
)

func phaseOf(p v1alpha1.Phase) phase {
	return phase(slices.Index(v1alpha1.Phases, p) + 1)
}

func (p phase) name() v1alpha1.Phase {
	if p == pNone {
		return v1alpha1.PhasePending
	}
	return v1alpha1.Phases[p-1]
}

func (p phase) resting() bool { return p <= pFailed }

// status is a status with the fields that invariants read.
type status struct {
	full                     *v1alpha1.SupersetStatus
	phase                    phase
	fence                    uint8
	release, previous        release
	from, to, back, held     release
	touched, ahead, fellBack bool
	reason                   string
	failedIn                 phase
	revision                 uint8
	strategy                 v1alpha1.Strategy
	planHash                 string
	partiallyMigrated        bool
	key                      secretKey
	rollbackClass            v1alpha1.RollbackClass
	rollbackRevision         uint8   // the revision that a rollback restores or downgrades to
	rollbackImage            release // the release whose image a Downgrade runs in
}

// epoch is the start of the model's clock.
var epoch = metav1.Unix(1_700_000_000, 0)

// timeOf is the time under a fence. Only the fence advances the clock, so that runs under
// different fences begin at different times.
func timeOf(fence int64) time.Time { return epoch.Add(time.Duration(fence) * time.Second) }

// statusID interns a status without the fields that no decision reads: messages, times, durations
// and most of history.
func (m *model) statusID(s *v1alpha1.SupersetStatus) uint32 {
	normalise(s)
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("encoding a status: %v", err)) // not possible for plain values
	}
	id, ok := m.statusIDs[string(raw)]
	if !ok {
		id = uint32(len(m.statuses))
		m.statusIDs[string(raw)] = id
		m.statuses = append(m.statuses, factsOf(s))
	}
	return id
}

func factsOf(s *v1alpha1.SupersetStatus) status {
	f := status{full: s, phase: phaseOf(s.Phase), fence: uint8(s.UpgradeRevision),
		release: releaseOf(s.Release), previous: releaseOf(s.PreviousRelease)}
	if c := s.Schema; c != nil {
		f.ahead, f.partiallyMigrated, f.key = c.AheadAfterRollback, c.HalfMigrated, keyOf(c.SecretKey)
		_, _ = fmt.Sscan(c.Revision, &f.revision)
	}
	if u := s.Upgrade; u != nil {
		f.from, f.to = releaseOf(u.FromRelease), targetOf(u.ToRelease)
		f.back, f.held = releaseOf(u.RollbackRelease), targetOf(u.HeldRelease)
		f.touched, f.strategy, f.planHash, f.fellBack = u.Touched, u.Strategy, u.PlanHash, u.FellBack != ""
		if w := u.Rollback; w != nil {
			f.rollbackClass, f.rollbackImage = w.Class, releaseOf(w.Release)
			_, _ = fmt.Sscan(w.Revision, &f.rollbackRevision)
		}
		if u.Failure != nil {
			f.reason, f.failedIn = u.Failure.Reason, phaseOf(u.Failure.Phase)
		}
	}
	return f
}

// targetOf is a release that spec asked for, also one that cannot be rendered.
func targetOf(hash string) release { return releaseOf(hash) }

// normalise removes from a status what no decision depends on.
func normalise(s *v1alpha1.SupersetStatus) {
	if s.PhaseSince != nil {
		s.PhaseSince = &epoch
	}
	s.Conditions, s.ObservedGeneration, s.Version = nil, 0, ""
	s.History = plainHistory(s.History)
	for i := range s.Backups {
		s.Backups[i] = v1alpha1.BackupStatus{Name: s.Backups[i].Name, Revision: s.Backups[i].Revision, TakenAt: epoch}
	}
	u := s.Upgrade
	if u == nil {
		return
	}
	u.Step, u.EstimatedCompletion, u.Locks, u.Approval = "", nil, nil, ""
	normaliseTimes(u)
	if w := u.Rollback; w != nil {
		w.Reason = ""
		if w.FellBack != "" {
			w.FellBack = "set"
		}
	}
	if u.FellBack != "" {
		u.FellBack = "set"
	}
	if u.Failure != nil {
		u.Failure.Message = ""
	}
	if u.Plan != nil {
		u.Plan.Downtime, u.Plan.StrategyReason, u.Plan.RollbackReason, u.Plan.Steps = "None", "", "", nil
	}
	u.Phases = plainPhases(u.Phases)
}

func normaliseTimes(u *v1alpha1.UpgradeStatus) {
	if u.Worked = nil; u.WorkingSince != nil {
		u.WorkingSince = &epoch
	}
	for i := range u.Jobs {
		u.Jobs[i].FinishedAt = epoch
	}
}

// plainPhases keeps the last phase, which shows whether a gate was passed, and one entry if a tier
// was started before it.
func plainPhases(phases []v1alpha1.PhaseRecord) []v1alpha1.PhaseRecord {
	var out []v1alpha1.PhaseRecord
	for i := range phases {
		one := v1alpha1.PhaseRecord{Phase: phases[i].Phase, StartedAt: epoch}
		switch {
		case i == len(phases)-1:
			if phases[i].Seconds != nil {
				one.Seconds = new(int64)
			}
			out = append(out, one)
		case len(out) == 0 && slices.Contains([]v1alpha1.Phase{v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify}, one.Phase):
			one.Phase = v1alpha1.PhaseUpgradeWorkers
			out = append(out, one)
		}
	}
	return out
}

// plainHistory keeps the newest line, which a run may still replace, and one line for each release
// that has succeeded before.
func plainHistory(lines []v1alpha1.HistoryEntry) []v1alpha1.HistoryEntry {
	var out []v1alpha1.HistoryEntry
	good := map[string]bool{}
	for i := range lines {
		line := v1alpha1.HistoryEntry{Release: lines[i].Release, Result: lines[i].Result, FinishedAt: epoch, StartedAt: epoch}
		if i == 0 {
			line.StartedAt = lines[i].StartedAt
			out = append(out, line)
			continue
		}
		if line.Result == v1alpha1.ResultSucceeded {
			good[line.Release] = true
		}
	}
	for i := range releases {
		if hash := releases[i].hash; good[hash] {
			out = append(out, v1alpha1.HistoryEntry{Release: hash, Result: v1alpha1.ResultSucceeded, FinishedAt: epoch, StartedAt: epoch})
		}
	}
	return out
}
