// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// record stores a result, and reports progress.
func (c *campaign) record(r result, of int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, r)
	since := time.Since(c.last)
	c.last = time.Now()
	n := len(c.results)
	if r.diff != "" {
		_, _ = fmt.Fprintf(c.out, "campaign: DIVERGES: %s\n  struck: %s\n  replay: %s\n  kept:   %s\n%s\n", r.point, r.struck, replay(r.point), c.lab.file(r.point), r.diff)
	}
	var err error
	if r.diff == "" {
		err = c.memory.keep(kept{r.scenario.name, r.mode.name, r.k, r.struck, since.Seconds()})
	}
	if n%25 == 0 || n == of {
		_, _ = fmt.Fprintf(c.out, "campaign: %5.0f s: %d of %d points, %d diverge; now %s\n", time.Since(c.begun).Seconds(), n, of, c.divergences(), r.point)
	}
	return err
}

// seconds is how long the campaign took, with its earlier parts.
func (c *campaign) seconds() float64 { return time.Since(c.begun).Seconds() + c.earlier }

// divergences is how many points diverged.
func (c *campaign) divergences() int {
	n := 0
	for _, r := range c.results {
		if r.diff != "" {
			n++
		}
	}
	return n
}

// row is a row of the summary.
type row struct {
	scenario, mode               string
	writes, tried, missed, wrong int
}

// rows are the results by scenario and mode, in the order of the tables.
func (c *campaign) rows() []row {
	var out []row
	for _, s := range scenarios {
		for _, m := range modes() {
			line := row{scenario: s.name, mode: m.name}
			for _, r := range c.results {
				if r.scenario.name != s.name || r.mode.name != m.name {
					continue
				}
				line.tried++
				if r.struck == "" && !strings.HasPrefix(m.name, "lag-") {
					line.missed++
				}
				if r.diff != "" {
					line.wrong++
				}
			}
			if line.tried > 0 {
				line.writes = len(c.references[m.of(&s).key()].writes)
				out = append(out, line)
			}
		}
	}
	return out
}

// summary is the table at the end. A point is missed if its run ended before the
// request of the point: the order of writes of two controllers is not always the
// same.
func (c *campaign) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-10s %-18s %7s %7s %7s %9s\n", "scenario", "mode", "writes", "points", "missed", "diverged")
	tried, missed, wrong := 0, 0, 0
	for _, r := range c.rows() {
		fmt.Fprintf(&b, "%-10s %-18s %7d %7d %7d %9d\n", r.scenario, r.mode, r.writes, r.tried, r.missed, r.wrong)
		tried, missed, wrong = tried+r.tried, missed+r.missed, wrong+r.wrong
	}
	fmt.Fprintf(&b, "%-10s %-18s %7s %7d %7d %9d\n", "all", "", "", tried, missed, wrong)
	fmt.Fprintf(&b, "%.0f s, seed %d, %d at once\n", c.seconds(), c.seed, c.atOnce)
	return b.String()
}
