// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// table of a failover.
func (f *failover) table() string {
	out := fmt.Sprintf("## Failover\n\nTwo managers with leader election. The leader ends while %d Supersets are between Validate and the end of a\nconfig change; the time is that from the signal to the next move of any of them.\n\n| signal | times | fastest, s | median, s | slowest, s |\n|---|---:|---:|---:|---:|\n", f.n)
	for _, s := range signals {
		gaps := f.gaps[s.name]
		out += fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f |\n", s.name, len(gaps), quantile(gaps, 0).Seconds(), quantile(gaps, 0.5).Seconds(), quantile(gaps, 1).Seconds())
	}
	return out + fmt.Sprintf("\nJobs and pods of Jobs beyond the first of a script of a run: **%d**.\n\n", f.duplicates)
}

// table of objects of others.
func (f *foreign) table() string {
	out := fmt.Sprintf("## Objects of others\n\n%d Supersets in a namespace, and %d in one with %d ConfigMaps of %d kB that belong to somebody else.\n\n| | without | with |\n|---|---:|---:|\n", f.n, f.n, foreignMaps, foreignSize/1000)
	rows := []struct{ name, without, with string }{
		{"resident memory after a restart, MiB", mib(f.without.restart.memory), mib(f.with.restart.memory)},
		{"operator CPU of the restart, s", seconds(&f.without.restart), seconds(&f.with.restart)},
		{"operator CPU per upgrade, ms", milliseconds(&f.without.upgrade, f.n), milliseconds(&f.with.upgrade, f.n)},
		{"API writes per upgrade (of which events)", writesOf(&f.without.upgrade, f.n), writesOf(&f.with.upgrade, f.n)},
		{"live reads per upgrade", fmt.Sprintf("%.2f", perUpgrade(f.without.upgrade.requests.reads, f.n)), fmt.Sprintf("%.2f", perUpgrade(f.with.upgrade.requests.reads, f.n))},
	}
	for _, r := range rows {
		out += fmt.Sprintf("| %s | %s | %s |\n", r.name, r.without, r.with)
	}
	return out + "\n"
}

func seconds(c *cost) string { return fmt.Sprintf("%.2f", c.cpu[nameOperator].Seconds()) }

func milliseconds(c *cost, n int) string {
	return fmt.Sprintf("%.0f", perUpgrade(c.cpu[nameOperator], n)/1e6)
}

func decideTable(all []decision) string {
	var b strings.Builder
	b.WriteString("## One decision\n\n`Decide` on a snapshot, by what is decided on. What allocates is a text with a version\nin it, and in Validate the comparison of versions.\n\n| | allocations | µs |\n|---|---:|---:|\n")
	for _, d := range all {
		fmt.Fprintf(&b, "| %s | %d | %.2f |\n", strings.ReplaceAll(d.of, "_", " "), d.allocations, d.nanoseconds/1000)
	}
	b.WriteString("\n")
	return b.String()
}

// quoted are figures that no run of this program measures.
const quoted = `## Figures of Apache's operator

Not measured by this run: issue 18 of this project (November 2026) states them for release 0.2.0 of Apache's
operator, on two cores, on the same programs of the test cluster and in the same hour as an earlier state of
this operator.

| | this operator then, 100 | Apache's 0.2.0, 100 | this operator then, 300 | Apache's 0.2.0, 300 |
|---|---:|---:|---:|---:|
| install all, s | 67.6 | 78.7 | 210.8 | 234.8 |
| upgrade all, s | 82.3 | 107.9 | 250.5 | 265.6 |
| operator CPU per upgrade, ms | 322 | 184 | 415 | 160 |
| API writes per upgrade | 33 | 148 | 33 | 146 |
| resident memory after the upgrade, MiB | 162 | 81 | 355 | 126 |
| restart: writes / reads | 0 / 1,012 | 2,400 / 215 | 0 / 3,012 | 7,200 / 615 |
| at rest for 20 s: writes | 0 | up to 947 after an upgrade | 0 | 3,453 |
`
