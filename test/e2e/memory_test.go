// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// footprint is the memory of all processes of one program.
type footprint struct {
	Program   string
	Processes int
	MiB       int
}

// memory lists the memory of the node's processes, the largest first, shared
// pages counted proportionally (PSS). Programs below 5 MiB are left out.
func memory(t *testing.T) []footprint {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	if err != nil {
		t.Fatalf("listing processes: %v", err)
	}
	kilobytes, processes := map[string]int{}, map[string]int{}
	for _, path := range paths {
		rollup, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		name, err := os.ReadFile(filepath.Join(filepath.Dir(path), "comm"))
		if err != nil {
			continue
		}
		program := strings.Trim(strings.TrimSpace(string(name)), "[]:")
		kilobytes[program] += pss(string(rollup))
		processes[program]++
	}
	list := []footprint{}
	for program, kb := range kilobytes {
		if mib := kb >> 10; mib >= 5 {
			list = append(list, footprint{program, processes[program], mib})
		}
	}
	slices.SortFunc(list, func(a, b footprint) int {
		return cmp.Or(cmp.Compare(b.MiB, a.MiB), cmp.Compare(a.Program, b.Program))
	})
	return list
}

func pss(rollup string) int {
	for line := range strings.Lines(rollup) {
		kb := 0
		if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kb); n == 1 {
			return kb
		}
	}
	return 0
}
