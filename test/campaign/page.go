// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
)

const introduction = `<!-- Written by "make campaign"; the next whole run overwrites it. -->
# The crash campaign

The campaign kills the operator before and after each of its writes to the API server, and injects other
faults, one at a time. After each fault the run must end like an undisturbed one: the same objects with
the same content, the same phases persisted in the same order under the same fences, each Job with exactly
one pod for each attempt, no two concurrent changes of the schema, never two schedulers, no decreasing
fence, and the same number of objects of each kind created and deleted. A delayed write of a paused
operator may create the maintenance page again, if the page is then deleted again.

Other points change what is around the operator. Where ended Jobs and their pods vanish, their deletion
is not counted, and a Job may run again if its result could not have been seen: it vanished before the
status had its result, another Job or another phase. Every other Job still runs once. Where a user pauses
the Superset, nothing moves once the operator has seen it, and only the generations of the Superset are
higher, by two. For an outage, the undisturbed run has the same short deadlines. Foreign objects must
exist at the end, without an owner, and unchanged.

The API server, the controllers and the scheduler are real; nodes and databases are simulated. The
operator runs with the RBAC rules that it is shipped with. Writes are counted without leases and events.

`

// write writes the page about the campaign.
func (c *campaign) write(path string) error {
	var b strings.Builder
	b.WriteString(introduction)
	tried, wrong := len(c.results), c.divergences()
	fmt.Fprintf(&b, "This run tried **%d points**; **%d** diverged. It took %.0f minutes, %d points concurrently.\n\n", tried, wrong, c.seconds()/60, c.atOnce)
	b.WriteString("## Scenarios\n\n| scenario | what happens | writes | requests | seconds undisturbed |\n|---|---|---:|---:|---:|\n")
	for _, s := range scenarios {
		if r := c.references[s.name]; r != nil {
			fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %.1f |\n", s.name, s.says, len(r.writes), r.requests, r.took.Seconds())
		}
	}
	b.WriteString("\n## Modes\n\n| mode | what is disturbed |\n|---|---|\n")
	for _, m := range modes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", m.name, m.says)
	}
	b.WriteString("\n## Points\n\nA point is missed when the run ended before the request that the point is about: the order of writes and\nthe number of reads differ between runs.\n\n| scenario | mode | points | missed | diverged |\n|---|---|---:|---:|---:|\n")
	for _, r := range c.rows() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %d | %d | %d |\n", r.scenario, r.mode, r.tried, r.missed, r.wrong)
	}
	b.WriteString("\nTo repeat one point, for example:\n\n    make campaign ARGS=\"-scenario rolling -mode before -k 17\"\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
