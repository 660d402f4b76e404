// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// result has, for each check in order, whether it killed a mutant.
type result struct {
	mutant
	seen []bool
}

func (r result) line(checks []check) string {
	var by []string
	for i, c := range checks {
		if r.seen[i] {
			by = append(by, c.name)
		}
	}
	if len(by) == 0 {
		return r.Name + " SURVIVES"
	}
	return r.Name + " is killed by " + strings.Join(by, ", ")
}

const pageHead = "<!-- Written by `make mutants`; the next run overwrites it. -->\n" + `# Mutants

Each line is a deliberate fault in the operator's code, applied alone, and the checks that kill it: the tests below ` + "`internal`" + `, and the parts of the model check and of the crash campaign that run with ` + "`make test`" + `. The last run has asked the checks that have a column. The mutants are in ` + "`test/mutants/list.go`" + `.

`

// tableOf is the table in Markdown, followed by the totals.
func tableOf(checks []check, results []result) string {
	var b strings.Builder
	b.WriteString("| mutant |")
	for _, c := range checks {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(checks)) + "\n")
	sums, any := make([]int, len(checks)), 0
	for _, r := range results {
		fmt.Fprintf(&b, "| %s (`%s`) |", r.What, r.Name)
		by := 0
		for i, seen := range r.seen {
			mark := ""
			if seen {
				mark, by = "killed", by+1
				sums[i]++
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		any += min(by, 1)
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for i, c := range checks {
		fmt.Fprintf(&b, "Killed by %s: %d of %d. ", c.name, sums[i], len(results))
	}
	fmt.Fprintf(&b, "Killed by any: %d of %d.\n", any, len(results))
	return b.String()
}
