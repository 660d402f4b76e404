// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// mostWrites is the limit for each strategy. A Drain holds every tier and
// releases it again: three writes for each of worker and web. It also creates the
// maintenance page, routes traffic to it and back, and reports in status that web
// is not available and then available again.
var mostWrites = map[v1alpha1.Strategy]int{v1alpha1.StrategyRolling: 26, v1alpha1.StrategyDrain: 41}

const mostEvents = 8

// Every write of an upgrade is listed in testdata, with its reason.
func TestWritesOfAnUpgrade(t *testing.T) {
	t.Parallel()
	for _, s := range []v1alpha1.Strategy{v1alpha1.StrategyRolling, v1alpha1.StrategyDrain} {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0", strategy(s))
			f.settled()
			before, events := len(writes(t, f.ns)), len(f.events())
			f.edit(version("6.0.0"))
			f.ready("6.0.0")
			f.settled()
			got, total := map[string]int{}, 0
			for _, w := range writes(t, f.ns)[before:] {
				if w.Resource == "events" {
					continue
				}
				got[f.kind(w)]++
				total++
			}
			if diff := cmp.Diff(wanted(t, "testdata/writes-"+strings.ToLower(string(s))+".txt"), got); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if total > mostWrites[s] {
				t.Errorf("%d writes, at most %d are allowed", total, mostWrites[s])
			}
			eventually(t, "the last event", func() bool { return strings.Contains(fmt.Sprint(f.events()), "version 6.0.0 is running and verified") })
			n := len(f.events()) - events
			t.Logf("%d writes, %d events", total, n)
			if n > mostEvents {
				t.Errorf("%d events, at most %d are allowed: %q", n, mostEvents, f.events()[events:])
			}
		})
	}
}

// kind describes a write without the parts that differ between two runs.
func (*fixture) kind(w write) string {
	s := w.String()
	for _, script := range []string{"preflight", "migrate", "verify"} {
		if w.Resource == "jobs" && strings.HasPrefix(w.Name, "bi-"+script) {
			s += " " + script
		}
	}
	return s
}

// wanted reads a golden file: each line is a count, a write, a colon and the
// reason.
func wanted(t *testing.T, path string) map[string]int {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	out := map[string]int{}
	for _, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, reason, ok := strings.Cut(line, ": ")
		count, what, ok2 := strings.Cut(strings.TrimSpace(what), " ")
		if !ok || !ok2 || len(reason) < 10 {
			t.Fatalf("%s: want a count, a write and a reason, got %q", path, line)
		}
		out[strings.TrimSpace(what)] = int(number(t, count))
	}
	return out
}

// events returns the notes of the events of the Superset, each repeated as often
// as it was counted.
func (f *fixture) events() []string {
	f.t.Helper()
	var list eventsv1.EventList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.ns)))
	var out []string
	for _, e := range list.Items {
		if e.Regarding.Kind != "Superset" {
			continue
		}
		out = append(out, e.Reason+" "+e.Note)
		if e.Series != nil {
			for range e.Series.Count - 1 {
				out = append(out, e.Reason+" "+e.Note)
			}
		}
	}
	return out
}
