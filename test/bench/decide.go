// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// decision is what one decision costs.
type decision struct {
	// of names what is decided, such as a phase.
	of string
	// nanoseconds and allocations of one call.
	nanoseconds float64
	allocations int
}

// benchmarkLine is a line such as "BenchmarkDecide/Ready-2  1000  512.3 ns/op  0 B/op  0 allocs/op".
var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkDecide/(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op\s+\d+ B/op\s+(\d+) allocs/op$`)

// decide runs the benchmark of Decide.
func decide(ctx context.Context) ([]decision, error) {
	root, err := cluster.Root()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkDecide$", "-benchmem", "-benchtime=20000x", "./internal/lifecycle/rules")
	command.Dir = root
	out, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("running the benchmark of Decide: %w\n%s", err, bytes.TrimSpace(out))
	}
	return parseDecisions(string(out))
}

func parseDecisions(out string) (all []decision, err error) {
	for _, match := range benchmarkLine.FindAllStringSubmatch(out, -1) {
		d := decision{of: match[1]}
		if d.nanoseconds, err = strconv.ParseFloat(match[2], 64); err != nil {
			return nil, fmt.Errorf("reading the benchmark of Decide: %w", err)
		}
		if d.allocations, err = strconv.Atoi(match[3]); err != nil {
			return nil, fmt.Errorf("reading the benchmark of Decide: %w", err)
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil, errors.New("reading the benchmark of Decide: no figures in:\n" + out)
	}
	return all, nil
}
