// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// result is which checks have seen a mutant, in their order.
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
	return r.Name + " is seen by " + strings.Join(by, ", ")
}

const pageHead = "<!-- Written by `make mutants`; the next run overwrites it. -->\n" + `# Deliberate mistakes

Each line is a mistake in the operator's code, made alone, and what sees it: the tests of the pure packages, the slice of the model check and that of the crash campaign which run with ` + "`make test`" + `. The mistakes are in ` + "`test/mutants/list.go`" + `.

`

// tableOf is the table in Markdown, with the sums below.
func tableOf(checks []check, results []result) string {
	var b strings.Builder
	b.WriteString("| mistake |")
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
				mark, by = "seen", by+1
				sums[i]++
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		any += min(by, 1)
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for i, c := range checks {
		fmt.Fprintf(&b, "The %s see %d of %d. ", c.name, sums[i], len(results))
	}
	fmt.Fprintf(&b, "Together they see %d of %d.\n", any, len(results))
	return b.String()
}
