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

// changes are what differs between two snapshots, or the sum of several such.
type changes struct {
	// jobs and components have a line each; jobsMade and written count them.
	jobs, components  []string
	jobsMade, written int
	// started and ended count pods by tier.
	started, ended map[string]int
}

// compare tells what happened between two moments.
func compare(before, after snapshot) changes {
	c := changes{started: tally(after.pods, before.pods), ended: tally(before.pods, after.pods)}
	for _, name := range slices.Sorted(maps.Keys(after.jobs)) {
		was, is := before.jobs[name], after.jobs[name]
		if was.script == "" {
			c.jobsMade++
		}
		if was != is {
			c.jobs = append(c.jobs, fmt.Sprintf("Job %s %s", name, is.state))
		}
	}
	for _, tier := range tiers {
		was, is := before.components[tier], after.components[tier]
		if was != is {
			c.written++
			c.components = append(c.components, tier+" "+turn(was, is))
		}
	}
	return c
}

// tally counts by tier the pods of one moment that are missing in another.
func tally(of, without map[types.UID]string) map[string]int {
	n := map[string]int{}
	for uid, tier := range of {
		if _, ok := without[uid]; !ok {
			n[tier]++
		}
	}
	return n
}

// turn says how a component was changed.
func turn(was, is componentState) string {
	held := map[v1alpha1.Mode]string{v1alpha1.ModeHold: "held", v1alpha1.ModeServe: "released"}[is.mode]
	switch {
	case was.version == "" && is.mode == v1alpha1.ModeServe:
		return "made at " + is.version
	case was.version == "":
		return "made at " + is.version + ", held"
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

// lines are what a user reads: one for components, one for pods, one for Jobs;
// those with nothing to tell are left out.
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

// count writes pods that came and went, such as "+2 -2".
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

// add sums up.
func (c *changes) add(other changes) {
	if c.started == nil {
		c.started, c.ended = map[string]int{}, map[string]int{}
	}
	c.jobsMade += other.jobsMade
	c.written += other.written
	for _, tier := range tiers {
		c.started[tier] += other.started[tier]
		c.ended[tier] += other.ended[tier]
	}
}
