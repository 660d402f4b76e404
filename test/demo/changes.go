// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// changes are the differences between two snapshots, or the sum of several of
// them.
type changes struct {
	// jobs and components have one line for each change; jobsCreated and written count
	// the changes.
	jobs, components     []string
	jobsCreated, written int
	// started and ended count pods by tier.
	started, ended map[string]int
}

// compare returns what happened between two snapshots.
func compare(before, after snapshot) changes {
	c := changes{started: tally(after.pods, before.pods), ended: tally(before.pods, after.pods)}
	for _, name := range slices.Sorted(maps.Keys(after.jobs)) {
		was, is := before.jobs[name], after.jobs[name]
		if was.script == "" {
			c.jobsCreated++
		}
		if was != is {
			c.jobs = append(c.jobs, fmt.Sprintf("Job %s %s", name, is.state))
		}
	}
	for _, tier := range tiers {
		was, is := before.components[tier], after.components[tier]
		if was != is {
			c.written++
			c.components = append(c.components, tier+" "+describeChange(was, is))
		}
	}
	return c
}

// tally counts, by tier, the pods of one snapshot that are missing in another.
func tally(of, without map[types.UID]string) map[string]int {
	n := map[string]int{}
	for uid, tier := range of {
		if _, ok := without[uid]; !ok {
			n[tier]++
		}
	}
	return n
}

// describeChange describes the change of a component.
func describeChange(was, is componentState) string {
	held := map[v1alpha1.Mode]string{v1alpha1.ModeHold: "held", v1alpha1.ModeServe: "released"}[is.mode]
	switch {
	case was.version == "" && is.mode == v1alpha1.ModeServe:
		return "created at " + is.version
	case was.version == "":
		return "created at " + is.version + ", held"
	case is.version == "":
		return "removed"
	case was.version == is.version:
		return held
	case was.mode == is.mode && is.mode == v1alpha1.ModeServe:
		return was.version + " to " + is.version
	case was.mode == is.mode:
		return was.version + " to " + is.version + ", still held"
	default:
		return was.version + " to " + is.version + ", " + held
	}
}

// lines returns what a user reads: one line for components, one for pods, one for
// Jobs. Empty lines are left out.
func (c *changes) lines() []string {
	var out []string
	if len(c.components) > 0 {
		out = append(out, strings.Join(c.components, "; "))
	}
	var pods []string
	for _, tier := range tiers {
		if c.started[tier]+c.ended[tier] > 0 {
			pods = append(pods, tier+" "+count(c.started[tier], c.ended[tier]))
		}
	}
	if len(pods) > 0 {
		out = append(out, "pods: "+strings.Join(pods, "; "))
	}
	if len(c.jobs) > 0 {
		out = append(out, strings.Join(c.jobs, "; "))
	}
	return out
}

// count formats the number of pods that started and ended, such as "+2 -2".
func count(started, ended int) string {
	var parts []string
	if started > 0 {
		parts = append(parts, fmt.Sprintf("+%d", started))
	}
	if ended > 0 {
		parts = append(parts, fmt.Sprintf("-%d", ended))
	}
	return cmp.Or(strings.Join(parts, " "), "0")
}

// add adds the counts of other changes.
func (c *changes) add(other changes) {
	if c.started == nil {
		c.started, c.ended = map[string]int{}, map[string]int{}
	}
	c.jobsCreated += other.jobsCreated
	c.written += other.written
	for _, tier := range tiers {
		c.started[tier] += other.started[tier]
		c.ended[tier] += other.ended[tier]
	}
}
