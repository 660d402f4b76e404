// SPDX-License-Identifier: Apache-2.0

//go:build promtool

package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// promtool accepts the rules, and its unit tests pass: each alert fires when it should, and only
// then.
func TestPromtool(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Fatalf("this test needs promtool: apt-get install prometheus (%v)", err)
	}
	run := func(arguments ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "promtool", arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, out)
		}
	}
	run("check", "rules", filepath.Join(shipped, "rules", "superset-operator.rules.yaml"))
	run(append([]string{"test", "rules"}, unitTests(t)...)...)
}
