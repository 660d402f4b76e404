// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shippedBoards is the folder of the dashboards.
const shippedBoards = "../../../config/monitoring/dashboards"

func TestFormat(t *testing.T) {
	for want, c := range map[string]struct {
		v    float64
		unit string
	}{
		"0": {0, "none"}, "5.4": {5.4, "none"}, "0.0571": {0.05714, "none"}, "12": {12, "none"}, "1234": {1234, "none"},
		"1.97 min": {118, "s"}, "950 ms": {0.95, "s"}, "0 s": {0, "s"}, "-20 s": {-20, "s"}, "3 d": {3 * 86400, "s"},
		"92.9 %": {0.92857, "percentunit"}, "112 MiB": {112 << 20, "bytes"}, "0 B": {0, "bytes"}, "2.5/s": {2.5, "ops"},
	} {
		if got := format(c.v, c.unit); got != want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, want)
		}
	}
}

// States that follow each other are merged; a gap and another value end a state.
func TestStates(t *testing.T) {
	p := &picture{asker: &asker{step: 1}}
	got := p.states([]point{{10, 1}, {11, 1}, {12, 2}, {20, 2}, {21, 2}})
	if diff := cmp.Diff([]state{{10, 12, 1}, {12, 13, 2}, {20, 22, 2}}, got, cmp.AllowUnexported(state{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A line is broken where values are missing, and keeps the ends of its flat parts only.
func TestPlotLine(t *testing.T) {
	p := &picture{asker: &asker{step: 1}}
	same := func(v float64) float64 { return v }
	p.plotLine(series{points: []point{{1, 5}, {2, 5}, {3, 5}, {4, 6}, {9, 6}, {10, 7}}}, "red", axes{same, same, 0}, false)
	want := `<path d="M1.0 5.0L3.0 5.0L4.0 6.0" stroke="red" stroke-width="1.5" stroke-linecap="round"/>
<path d="M9.0 6.0L10.0 7.0" stroke="red" stroke-width="1.5" stroke-linecap="round"/>
`
	if diff := cmp.Diff(want, p.out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A picture of a Prometheus that does not answer is an error, as are flags without a folder.
func TestErrors(t *testing.T) {
	s, err := parse([]string{"-prometheus", "http://127.0.0.1:1", "-dashboards", shippedBoards, t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "asking Prometheus") {
		t.Errorf("error %v", err)
	}
	for _, args := range [][]string{{}, {"-from", "20", "-to", "10", "folder"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	if s.dashboards = t.TempDir(); run(t.Context(), s) == nil {
		t.Error("a folder without dashboards is accepted")
	}
}
