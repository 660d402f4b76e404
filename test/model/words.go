// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// words tells a state on one line.
func (m *model) words(s *state) string {
	u := m.supersets.items[s.live.superset]
	st := &m.statuses[u.status]
	var b strings.Builder
	fmt.Fprintf(&b, "%s at fence %d, release %q, spec asks for %q, schema %d", st.phase.name(), st.fence, releases[st.release].hash, releases[u.desired].hash, s.schema)
	if s.dirty {
		b.WriteString(" and half changed")
	}
	if u.paused {
		b.WriteString(", paused")
	}
	if s.clock&clockLate != 0 {
		b.WriteString(", overdue")
	}
	for i := range s.live.tiers {
		fmt.Fprintf(&b, "; %s %s", tierNames[i], tierWords(s.live.tiers[i], s.live.pods[i]))
	}
	for _, j := range m.jobLists.items[s.live.jobs] {
		if j.at != noJob {
			b.WriteString("; " + j.words())
		}
	}
	for kind, name := range kindNames {
		if s.lag&(1<<kind) != 0 {
			b.WriteString("; the cache of " + name + " lags")
		}
	}
	return b.String()
}

func tierWords(t tier, p pods) string {
	text := "absent"
	if t.exists() {
		text = fmt.Sprintf("%s/%d", releases[t.release].hash, t.fence)
		for flag, word := range map[uint8]string{tierHolds: " held", tierSettled: " settled", tierDeleted: " being deleted"} {
			if t.is(flag) {
				text += word
			}
		}
	}
	for _, one := range []pod{p.stands, p.comes} {
		if one.release != none {
			text += " [" + releases[one.release].hash + [...]string{"", " ending", " crashing"}[one.at] + "]"
		}
	}
	return text
}

var jobWords = [...]string{noJob: "", active: "runs", inside: "has the database's lock", committed: "has changed the schema", succeeded: "succeeded",
	failedForGood: "failed for good", failedInside: "failed in the middle", keyInvalid: "failed: another secret key", failedForNow: "failed: database unreachable", lockTimeout: "failed: another migration runs",
	overBudget: "failed: held the tables too long", tablesBusy: "failed: tables busy", databaseAhead: "failed: the database is ahead",
	mismatch: "failed: another revision than expected", crashed: "crashed", crashedLate: "crashed after its commit", initFailed: "failed in init, after its commit"}

func (j job) words() string {
	return fmt.Sprintf("Job %s-%d-%d of %s %s", scripts[j.script].name, j.fence, j.attempt, releases[j.release].hash, jobWords[j.at])
}

// tell tells a step in words.
func (m *model) tell(c *change) string {
	text := m.tellStep(c)
	if c.by.lags {
		text += "; the cache of " + kindNames[c.by.kind] + " does not see it yet"
	}
	return text
}

func (m *model) tellStep(c *change) string {
	by, arg := c.by, int(c.by.arg)
	switch by.what {
	case stepOperator:
		return "operator: " + m.writeWords(c)
	case stepLate:
		return "a leader that has lost its lease: " + m.writeWords(c)
	case stepCatchUp:
		return "the cache of " + kindNames[arg] + " catches up"
	case stepRoll:
		return fmt.Sprintf("pods of the %s: %s", tierNames[arg], tierWords(c.after.live.tiers[arg], c.after.live.pods[arg]))
	case stepAnswer:
		return fmt.Sprintf("the %s answers: %s", tierNames[arg], tierWords(c.after.live.tiers[arg], c.after.live.pods[arg]))
	case stepJob, stepRest:
		return m.jobList(&c.after.live)[min(arg, maxJobs-1)].words() + map[bool]string{true: ", and its pause is over"}[by.what == stepRest]
	case stepEdit:
		return "a user asks for " + releases[arg].hash
	case stepDrift:
		return "somebody deletes the " + tierNames[arg]
	case stepCrash:
		return "the operator restarts" + map[bool]string{true: ", with caches that are up to date"}[by.hides]
	default:
		return plainSteps[by.what]
	}
}

var plainSteps = map[stepKind]string{
	stepPage: "the maintenance page's pod is ready, or cannot start", stepGrace: "the page has had its time", stepOverdue: "the phase's deadline passes",
	stepCutOff:   "the operator is cut off with its writes in hand, and another one leads",
	stepRollback: "a user asks for a rollback", stepRetry: "a user asks for a retry", stepApprove: "a user approves", stepAccept: "a user accepts the loss of data", stepPause: "a user pauses, or lets go on",
}

// jobList are the Jobs of some objects.
func (m *model) jobList(o *objects) jobList { return m.jobLists.items[o.jobs] }

func (m *model) writeWords(c *change) string {
	w := c.by.write
	if c.by.kind == noKind && c.before.page == c.after.page {
		return "a write is refused, or finds that nothing is left to do"
	}
	switch w.kind {
	case isStatus:
		return m.statusWords(w)
	case lifecycle.ApplyTier:
		return fmt.Sprintf("%s to %s", tierNames[w.tier], tierWords(w.want, pods{}))
	case lifecycle.RemoveTier:
		return tierNames[w.tier] + " removed"
	case lifecycle.RunJob:
		return w.job.words()
	case lifecycle.StoreRelease:
		return "release " + releases[w.release].hash + " stored with its plan"
	case lifecycle.EndJobs:
		return "leftover Jobs ended"
	case lifecycle.Prune:
		return "old releases pruned"
	default:
		return "the maintenance page, or the Service"
	}
}

func (m *model) statusWords(w *write) string {
	if w.event == "" {
		return "notes tokens or a gate in the status"
	}
	st := m.statuses[w.status]
	return strings.TrimSpace(fmt.Sprintf("%s to %s, fence %d %s", w.event, st.phase.name(), st.fence, st.reason))
}
