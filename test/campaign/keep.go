// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// keep writes what is needed to analyze a divergence: the replay command, the
// difference, the requests and the log of each operator, and all changes.
func (l *lab) keep(t *trial, r result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "replay: %s\nstruck: %s\n\ndifference (-undisturbed +this run):\n%s\n", replay(r.point), r.struck, r.diff)
	for n, i := range t.instances {
		fmt.Fprintf(&b, "\noperator %d, its requests:\n%s\n\noperator %d, its log:\n%s\n", n+1, strings.Join(i.layer.Trace(), "\n"), n+1, strings.Join(i.logged(), "\n"))
	}
	fmt.Fprintf(&b, "\nwhat changed:\n%s", &t.record)
	if err := os.MkdirAll(l.failures, 0o755); err != nil {
		return fmt.Errorf("storing a divergence: %w", err)
	}
	if err := os.WriteFile(l.file(r.point), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("storing a divergence: %w", err)
	}
	return nil
}

// file is the file of a diverging point.
func (l *lab) file(p point) string {
	return filepath.Join(l.failures, fmt.Sprintf("%s-%s-%d.txt", p.scenario.name, p.mode.name, p.k))
}

// replay is the command that runs a point again.
func replay(p point) string { return fmt.Sprintf("make campaign ARGS=%q", p.String()) }
