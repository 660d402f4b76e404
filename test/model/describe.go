// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"
)

// describe describes a state in one line.
func (m *model) describe(s *state) string {
	u := m.supersets.items[s.live.superset]
	st := &m.statuses[u.status]
	var b strings.Builder
	fmt.Fprintf(&b, "%s at fence %d, release %q, spec asks for %q, schema %d", st.phase.name(), st.fence, releases[st.release].hash, releases[u.desired.renderedBy(s.renderer)].hash, s.schema)
	if s.dirty {
		b.WriteString(", partially migrated")
	}
	if u.paused {
		b.WriteString(", paused")
	}
	b.WriteString(describeClock(s))
	b.WriteString(describeSlots(s))
	for i := range s.live.tiers {
		fmt.Fprintf(&b, "; %s %s", tierNames[i], describeTier(s.live.tiers[i], s.live.pods[i]))
	}
	for _, j := range m.jobLists.items[s.live.jobs] {
		if j.at != noJob {
			b.WriteString("; " + j.describe())
		}
	}
	for kind, name := range kindNames {
		if s.stale&(1<<kind) != 0 {
			b.WriteString("; stale cache of " + name)
		}
	}
	return b.String()
}

func describeClock(s *state) string {
	text := ""
	if s.clock&clockAway != 0 {
		text = ", after a long time"
	}
	if s.clock&clockLate != 0 {
		text += ", overdue"
	}
	return text
}

func describeSlots(s *state) string {
	text := ""
	for i, kind := range slotKinds {
		if s.slots&(1<<i) != 0 {
			text += fmt.Sprintf(", no free slot of kind %s", kind)
		}
	}
	return text
}

func describeTier(t tier, p pods) string {
	text := "absent"
	if t.exists() {
		text = fmt.Sprintf("%s/%d", releases[t.release].hash, t.fence)
		for flag, name := range map[uint8]string{tierHolds: " held", tierSettled: " settled", tierDeleted: " being deleted"} {
			if t.is(flag) {
				text += name
			}
		}
	}
	for _, one := range []pod{p.current, p.next} {
		if one.release != none {
			text += " [" + releases[one.release].hash + [...]string{"", " ending", " crashing"}[one.at] + "]"
		}
	}
	return text
}

var jobTexts = [...]string{noJob: "", active: "is active", inside: "holds the database lock", committed: "has changed the schema", succeeded: "succeeded",
	failedPermanently: "failed permanently", failedInChange: "failed during the change", keyInvalid: "failed: different secret key", failedRetryable: "failed: database unreachable", lockTimeout: "failed: lock timeout",
	overBudget: "failed: lock budget exceeded", tablesBusy: "failed: tables busy", databaseAhead: "failed: database ahead",
	mismatch: "failed: unexpected revision", crashed: "crashed", crashedAfterCommit: "crashed after the commit", initFailed: "failed in init, after the commit"}

func (j job) describe() string {
	return fmt.Sprintf("Job %s-%d-%d of %s %s%s", scripts[j.script].name, j.fence, j.attempt, releases[j.release].hash, jobTexts[j.at],
		map[bool]string{true: ", its pod is gone"}[j.lost])
}

// describeChange describes a step and its effect on the cache.
func (m *model) describeChange(c *change) string {
	text := m.describeStep(c)
	if c.by.stale {
		text += "; not yet in the cache of " + kindNames[c.by.kind]
	}
	return text
}

func (m *model) describeStep(c *change) string {
	by, arg := c.by, int(c.by.arg)
	switch by.what {
	case stepOperator:
		return "operator: " + m.describeWrite(c)
	case stepLate:
		return "former leader: " + m.describeWrite(c)
	case stepCatchUp:
		return "the cache of " + kindNames[arg] + " is updated"
	case stepRoll:
		return fmt.Sprintf("pods of the %s: %s", tierNames[arg], describeTier(c.after.live.tiers[arg], c.after.live.pods[arg]))
	case stepReport:
		return fmt.Sprintf("the %s reports its status: %s", tierNames[arg], describeTier(c.after.live.tiers[arg], c.after.live.pods[arg]))
	case stepJob, stepBackoff, stepVanish:
		return m.describeJobStep(c)
	case stepEdit:
		return "a user sets spec to " + releases[arg].hash
	case stepDrift:
		return "a user deletes the " + tierNames[arg]
	case stepCrash, stepRenderer, stepTake, stepRelease, stepOutage:
		return describeDisturbance(by)
	default:
		return stepTexts[by.what]
	}
}

// describeDisturbance describes what happens to the operator, or to its other Supersets.
func describeDisturbance(by step) string {
	switch by.what {
	case stepCrash:
		return "the operator restarts" + map[bool]string{true: " with current caches"}[by.hides]
	case stepOutage:
		return "a long time passes" + map[bool]string{true: " without an operator"}[by.arg != 0]
	case stepTake, stepRelease:
		return fmt.Sprintf("another Superset %s a slot of kind %s", map[bool]string{true: "takes", false: "releases"}[by.what == stepTake], slotKinds[by.arg])
	case stepRenderer:
		return "another release of the operator starts, which renders spec differently" + map[bool]string{true: "; with current caches"}[by.hides]
	default:
		return ""
	}
}

func (m *model) describeJobStep(c *change) string {
	arg := min(int(c.by.arg), maxJobs-1)
	switch {
	case c.by.what == stepVanish && c.by.hides:
		return m.jobList(&c.before.live)[arg].describe() + "; it is deleted"
	case c.by.what == stepVanish:
		return m.jobList(&c.before.live)[arg].describe() + "; its pod is deleted"
	case c.by.what == stepBackoff:
		return m.jobList(&c.after.live)[arg].describe() + "; the backoff is over"
	default:
		return m.jobList(&c.after.live)[arg].describe()
	}
}

var stepTexts = map[stepKind]string{
	stepPage: "the pod of the maintenance page is ready, or cannot start", stepGrace: "the wait for the maintenance page is over", stepOverdue: "the deadline of the phase passes",
	stepDecide:    "operator: decides to begin a run",
	stepLoseLease: "the operator loses its lease with pending writes, and a new leader starts",
	stepRollback:  "a user requests a rollback", stepRetry: "a user requests a retry", stepApprove: "a user approves", stepAccept: "a user accepts the data loss", stepPause: "a user pauses or resumes",
}

// jobList is the list of Jobs of a set of objects.
func (m *model) jobList(o *objects) jobList { return m.jobLists.items[o.jobs] }

func (m *model) describeWrite(c *change) string {
	w := c.by.write
	if c.by.kind == noKind && c.before.page == c.after.page {
		return "a write is rejected, or changes nothing"
	}
	switch w.kind {
	case writeStatus:
		return m.describeStatus(w)
	case writeApplyTier:
		return fmt.Sprintf("%s to %s", tierNames[w.tier], describeTier(w.want, pods{}))
	case writeRemoveTier:
		return tierNames[w.tier] + " removed"
	case writeRunJob:
		return w.job.describe()
	case writeStoreRelease:
		return "release " + releases[w.release].hash + " stored with its plan"
	case writeEndJobs:
		return "leftover Jobs deleted"
	case writePrune:
		return "old releases pruned"
	default:
		return "writes the maintenance page or the Service"
	}
}

func (m *model) describeStatus(w *write) string {
	if w.event == "" {
		return "records tokens, a gate or a Job in the status"
	}
	st := m.statuses[w.status]
	return strings.TrimSpace(fmt.Sprintf("%s to %s, fence %d %s", w.event, st.phase.name(), st.fence, st.reason))
}
