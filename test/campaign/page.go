// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
)

const introduction = `<!-- Written by "make campaign"; the next whole run overwrites it. -->
# The crash campaign

The operator is killed before and after each of its writes to the API server, and disturbed in other
ways, one at a time. After each disturbance the run must end as one that nothing disturbed: the same
objects with the same content, the same phases persisted in the same order under the same fences, each
Job with exactly one pod for each attempt, no two changes of the schema at once, never two schedulers,
no fence that shrinks, and as many objects of each kind made and removed. A write of a paused operator
may bring the maintenance page once more, if it is removed again.

The API server, the controllers and the scheduler are real, nodes and databases are simulated; the
operator runs with the rights that it ships with. Leases and events are left out of the count of writes.

`

// write makes the page about the campaign.
func (c *campaign) write(path string) error {
	var b strings.Builder
	b.WriteString(introduction)
	tried, wrong := len(c.results), c.divergences()
	fmt.Fprintf(&b, "This run tried **%d points**; **%d** diverged. It took %.0f minutes, %d points at once.\n\n", tried, wrong, c.seconds()/60, c.atOnce)
	b.WriteString("## Scenarios\n\n| scenario | what is done | writes | requests | seconds undisturbed |\n|---|---|---:|---:|---:|\n")
	for _, s := range scenarios {
		if r := c.references[s.name]; r != nil {
			fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %.1f |\n", s.name, s.says, len(r.writes), r.requests, r.took.Seconds())
		}
	}
	b.WriteString("\n## Modes\n\n| mode | the operator is |\n|---|---|\n")
	for _, m := range modes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", m.name, m.says)
	}
	b.WriteString("\n## Points\n\nA point is missed when its run was over before the request that it is about: two controllers' writes do\nnot always come in the same order, nor as many reads.\n\n| scenario | mode | points | missed | diverged |\n|---|---|---:|---:|---:|\n")
	for _, r := range c.rows() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %d | %d | %d |\n", r.scenario, r.mode, r.tried, r.missed, r.wrong)
	}
	b.WriteString("\nOne point is tried again with, for instance:\n\n    make campaign ARGS=\"-scenario rolling -mode before -k 17\"\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
