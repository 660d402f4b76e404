// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/test/sample"
)

// slice is the part of the campaign that runs with the tests: some points of each
// kind, always the same ones.
var slice = []choice{
	{scenarios: []string{"rolling"}, modes: []string{"after"}, every: 3},
	{scenarios: []string{"rolling"}, modes: []string{"before", "zombie", "stale-all"}, every: 9},
	{scenarios: []string{"failed"}, modes: []string{"after"}, every: 10},
	{scenarios: []string{"rolling"}, modes: []string{"vanish", "pause", "foreign"}, every: 14},
}

func TestCampaignSample(t *testing.T) {
	l, err := open(t.Context(), os.Stderr, t.ArtifactDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}()
	var points int
	learnt := map[string]*reference{}
	for _, c := range slice {
		c.atOnce, c.seed, c.failFast = 12, 1, true
		run := newCampaign(l, c, os.Stderr)
		run.references = learnt
		if err := run.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Log(run.summary())
		for _, r := range run.results {
			points++
			if r.diff != "" {
				t.Fatalf("%s diverges; replay: %s\nstruck: %s\n%s", r.point, replay(r.point), r.struck, r.diff)
			}
		}
	}
	if points < 15 {
		t.Errorf("only %d points ran", points)
	}
}

func TestFlags(t *testing.T) {
	f, err := parse([]string{"-scenario", "rolling,failed", "-mode=before", "-k", "17", "-every", "2", "-parallel", "3", "-seed", "9"}, io.Discard)
	if err != nil || len(f.scenarios) != 2 || f.modes[0] != "before" || f.k != 17 || f.every != 2 || f.atOnce != 3 || f.seed != 9 {
		t.Errorf("%+v, %v", f, err)
	}
	for _, args := range [][]string{{"rolling"}, {"-every=0"}, {"-parallel=0"}, {"-k=x"}, {"-scenario=x"}, {"-mode=after,x"}} {
		if code := run(t.Context(), args, io.Discard); code != 2 {
			t.Errorf("%v: exit code %d, want 2", args, code)
		}
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"-list"}, &out); code != 0 || !strings.Contains(out.String(), "scenario rolling ") || !strings.Contains(out.String(), "mode     stale-jobs ") {
		t.Errorf("exit code %d:\n%s", code, &out)
	}
}

// A whole campaign runs a mode that names scenarios in exactly those; -thorough runs it in all.
func TestModesThatNameScenarios(t *testing.T) {
	in := func(c choice, name string) (out []string) {
		run := newCampaign(nil, c, io.Discard)
		for _, s := range run.chosen() {
			for _, m := range modes() {
				if m.name == name && run.goesThrough(s, &m) {
					out = append(out, s.name)
				}
			}
		}
		return out
	}
	if got, want := in(choice{}, "vanish"), []string{"rolling", "drain", "failed", "restore"}; !slices.Equal(got, want) {
		t.Errorf("vanish runs in %v, want %v", got, want)
	}
	if got := in(choice{thorough: true}, "vanish"); len(got) != len(scenarios) {
		t.Errorf("vanish runs in %v with -thorough", got)
	}
	if got := in(choice{modes: []string{"vanish"}, scenarios: []string{"install"}}, "vanish"); !slices.Equal(got, []string{"install"}) {
		t.Errorf("vanish runs in %v when it is named", got)
	}
	for _, m := range modes() {
		for _, name := range m.in {
			if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.name == name }) {
				t.Errorf("mode %s names scenario %s, which does not exist", m.name, name)
			}
		}
	}
}

// A mode with settings is compared with an undisturbed run that has them too, which runs only
// where it is needed.
func TestSettingsOfAMode(t *testing.T) {
	keys := func(c choice) (out []string) {
		run := newCampaign(nil, c, io.Discard)
		for _, s := range run.unknown(run.chosen()) {
			out = append(out, s.key())
		}
		return out
	}
	if got, want := keys(choice{scenarios: []string{"rolling"}}), []string{"rolling", "rolling with the settings of outage"}; !slices.Equal(got, want) {
		t.Errorf("undisturbed runs: %v, want %v", got, want)
	}
	if got, want := keys(choice{scenarios: []string{"rolling"}, modes: []string{"outage"}}), []string{"rolling with the settings of outage"}; !slices.Equal(got, want) {
		t.Errorf("undisturbed runs of outage: %v, want %v", got, want)
	}
	for i := range scenarios {
		s := &scenarios[i]
		with := s.with("x", edits{shortDeadlines})
		created := append(with.before, with.step)[0]
		if got := sample.Superset("ns", before, created.edits...).Spec.Upgrade.Deadlines; got.Web == nil || got.Rollback == nil || got.Web.Duration >= outage {
			t.Errorf("%s is created with deadlines %+v", s.name, got)
		}
		if original := append(slices.Clone(s.before), s.step)[0]; sample.Superset("ns", before, original.edits...).Spec.Upgrade.Deadlines.Web != nil || s.key() != s.name {
			t.Errorf("%s itself has got the settings", s.name)
		}
	}
	c := newCampaign(nil, choice{scenarios: []string{"rolling"}, modes: []string{"outage", "after"}, every: 1}, io.Discard)
	c.references["rolling"], c.references["rolling with the settings of outage"] = &reference{writes: make([]string, 2)}, &reference{writes: make([]string, 3)}
	if got := c.points(c.chosen()); len(got) != 5 {
		t.Errorf("points: %v, want two without and three with the settings", got)
	}
}

// The replay command that is printed for a point selects exactly that point.
func TestReplayCommand(t *testing.T) {
	all := modes()
	r := &reference{writes: make([]string, 30), requests: 60}
	p := point{&scenarios[1], &all[1], 17}
	args := strings.Fields(strings.Trim(strings.TrimPrefix(replay(p), "make campaign ARGS="), `"`))
	f, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c := newCampaign(nil, f.choice, io.Discard)
	c.references["rolling"] = r
	if got := c.points([]*scenario{&scenarios[1]}); len(got) != 1 || got[0].String() != p.String() {
		t.Errorf("%s selects %v", replay(p), got)
	}
}
