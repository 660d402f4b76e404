// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// resultsFile is written by each complete run that passes, and partFile by each other
// one that passes, relative to this package's folder.
var (
	resultsFile = filepath.Join("..", "..", "docs", "explanation", "e2e-results.md")
	partFile    = filepath.Join("..", "..", "bin", "e2e", "results.md")
)

//go:embed manifests/results.md.tmpl
var resultsText string

// results has the measurements of a run, for the results page.
type results struct {
	Stages []stage
	Memory []footprint
	CPUs   int
	GiB    int
}

// stage is one run of the operator's machine.
type stage struct {
	// Journey that it is a part of; add sets it.
	Journey string
	Name    string
	Phases  []stay
	Took    time.Duration
	Service *service  // nil without a prober
	Work    *userLoad // nil without a logged-in user
	Faults  []string
	// Figures of the release that runs afterwards; nil if it is the earlier one.
	Figures *figures
	// Rehearsal of the run; nil without one.
	Rehearsal *v1alpha1.RehearsalStatus
	Locks     string // the lock times of the migration; empty without any
	Data      *comparison
	Jobs      []work // the Jobs for the database; add sets them
}

// add completes a stage that began at a time with its phases. A stage without
// phases is an error of the journal.
func (r *results) add(t *testing.T, c cluster, j *journal, s stage, begun time.Time) {
	t.Helper()
	s.Took = time.Since(begun)
	s.Journey, s.Jobs = c.namespace, c.works(t, begun)
	// The watch may be behind what the test has already read.
	until(t, time.Minute, "the journal to see the stage end", func(context.Context) (bool, string) {
		var last v1alpha1.Phase
		s.Phases, last = j.since(begun)
		resting := last == v1alpha1.PhaseReady || last == v1alpha1.PhaseRolledBack || last == v1alpha1.PhaseFailed
		return resting && len(s.Phases) > 0, string(last)
	})
	r.Stages = append(r.Stages, s)
	t.Logf("%s: %.1f s %+v", s.Name, s.Took.Seconds(), s.Jobs)
	if s.Service != nil {
		t.Logf("%d requests answered, by release %v, %d by the maintenance page, %d on kept connections, %d failed (first: %s), away %.1f s",
			s.Service.OK, s.Service.By, s.Service.Paged, s.Service.Kept, s.Service.Failed, s.Service.First, s.Service.Away.Seconds())
	}
	if s.Work != nil {
		t.Logf("logged-in user: %+v", *s.Work)
	}
	if s.Figures != nil {
		t.Logf("figures: %+v", *s.Figures)
	}
}

// complete is true when every variant of every journey ran: a partial run does
// not overwrite the results of a complete one.
func (r *results) complete() bool {
	stages := 0
	for _, j := range journeys {
		stages++ // the install
		for _, w := range j.variants {
			if stages++; w.breaks == "" && w.refused == "" && w.to == "" {
				stages++ // the upgrade and the rollback
			}
		}
	}
	return len(r.Stages) == stages
}

func (r *results) write(t *testing.T) {
	t.Helper()
	r.CPUs, r.GiB = runtime.NumCPU(), machineGiB(t)
	functions := template.FuncMap{
		"seconds": func(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) },
		"whole": func(d time.Duration) string {
			if d == 0 {
				return "" // unknown
			}
			return fmt.Sprintf("%.0f", d.Seconds())
		},
		"kB": func(bytes int64) int64 { return bytes / 1000 },
	}
	parsed, err := template.New("results").Funcs(functions).Parse(resultsText)
	if err != nil {
		t.Fatalf("reading the template: %v", err)
	}
	text := strings.Builder{}
	if err := parsed.Execute(&text, r); err != nil {
		t.Fatalf("rendering the results: %v", err)
	}
	file := partFile
	if r.complete() {
		file = resultsFile
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatalf("making the folder of the results: %v", err)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatalf("writing the results: %v", err)
	}
}

func machineGiB(t *testing.T) int {
	t.Helper()
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatalf("reading the machine's memory: %v", err)
	}
	kb := 0
	if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kb); err != nil {
		t.Fatalf("reading the machine's memory: %v", err)
	}
	return (kb + 1<<19) >> 20
}
