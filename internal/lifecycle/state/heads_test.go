// SPDX-License-Identifier: Apache-2.0

package state

import (
	"regexp"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

func TestReleaseOf(t *testing.T) {
	for head, want := range map[string]string{
		"c878781977c6": "1.0.0", "17fcea065655": "4.0.0", "48cbb571fa3a": "4.1.0", "74ad1125881c": "5.0.0", "c233f5365c9e": "6.0.0", "4b2a8c9d3e1f": "6.1.0",
	} {
		if got, ok := ReleaseOf(head); got != want || !ok {
			t.Errorf("%s: %q, %v, want %s", head, got, ok, want)
		}
	}
	for _, head := range []string{"", "fedcba543210", "6.1.0"} {
		if got, ok := ReleaseOf(head); got != "" || ok {
			t.Errorf("%s: %q, %v", head, got, ok)
		}
	}
	if allocations := testing.AllocsPerRun(10, func() { ReleaseOf("4b2a8c9d3e1f") }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// TestHeadsAreInOrder: each line has a revision that no other line has, and a higher release than
// the line before.
func TestHeadsAreInOrder(t *testing.T) {
	line := regexp.MustCompile(`^[0-9a-f]{12} [0-9]+\.[0-9]+\.[0-9]+$`)
	last, count := semver.MustParse("0.0.0"), 0
	for text := range strings.Lines(headsText) {
		count++
		text = strings.TrimSpace(text)
		if !line.MatchString(text) {
			t.Fatalf("line %d: %q", count, text)
		}
		release := semver.MustParse(strings.Fields(text)[1])
		if !release.GreaterThan(last) {
			t.Errorf("%s is not higher than %s", release, last)
		}
		last = release
	}
	if count != len(heads) {
		t.Errorf("%d lines, %d revisions", count, len(heads))
	}
}
