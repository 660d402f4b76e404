// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"
)

// Each mutant can be applied to the current code; whether it compiles is found
// out by a run.
func TestMutantsApply(t *testing.T) {
	if err := os.Chdir("../.."); err != nil { //nolint:usetesting // the list names files from the root
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range mutants {
		if names[m.Name] {
			t.Errorf("two mutants are named %s", m.Name)
		}
		names[m.Name] = true
		if _, err := m.text(); err != nil {
			t.Error(err)
		}
	}
	if len(mutants) < 20 {
		t.Errorf("%d mutants, want at least 20", len(mutants))
	}
}
