// SPDX-License-Identifier: Apache-2.0

// Command model explores the upgrade machine exhaustively and says what it
// found.
//
//	go run ./test/model/cmd/model -scenario rolling -edits 2
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/superset-operator/superset-operator/test/model"
)

const usage = `Usage: model [FLAGS]

Explores lifecycle.Decide and lifecycle.Advance, as the operator runs them, in
all worlds that a few edits, tokens, failures, lagging caches, restarts and lost
leases lead to; then looks whether each invariant finds the deliberate mistakes
that it must find. Exit code 1 when an invariant is broken or a mistake survives.

  -list  names the scenarios with their budgets, the invariants and the mutants

Flags:
`

// choice is what the flags ask for.
type choice struct {
	scenario, invariant, mutant string
	list                        bool
	limit, workers              int
	budgets                     map[string]*int
}

func main() {
	c := parse()
	if c.list {
		list()
		return
	}
	debug.SetMemoryLimit(3 << 30)
	if !c.explore() || !c.hunt() {
		os.Exit(1)
	}
}

func parse() *choice {
	c := &choice{budgets: map[string]*int{}}
	flag.Usage = func() {
		_, _ = fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.StringVar(&c.scenario, "scenario", "", "explore this scenario alone, and no mutants")
	flag.StringVar(&c.invariant, "invariant", "", "look at this invariant alone, and at its mutants")
	flag.StringVar(&c.mutant, "mutant", "", "hunt this mutant alone, and tell how it was found")
	flag.BoolVar(&c.list, "list", false, "list scenarios, invariants and mutants")
	flag.IntVar(&c.limit, "states", 30_000_000, "give up after so many states of a scenario")
	flag.IntVar(&c.workers, "workers", min(2, runtime.NumCPU()), "scenarios at a time")
	for _, name := range model.BudgetNames() {
		c.budgets[name] = flag.Int(name, -1, "how many "+name+" in each scenario, in place of its own number")
	}
	flag.Parse()
	return c
}

func list() {
	for i := range model.Scenarios {
		s := &model.Scenarios[i]
		fmt.Printf("scenario %-10s %s (%s)\n", s.Name, s.Says, s.Budgets)
	}
	for _, inv := range model.Invariants {
		fmt.Printf("invariant %-4s %s\n", inv.Name, inv.Says)
	}
	for _, mu := range model.Mutants {
		fmt.Printf("mutant of %-4s %s\n", mu.Kills, mu.Name)
	}
}

// invariants are those that are looked at.
func (c *choice) invariants() []model.Invariant {
	var out []model.Invariant
	for _, inv := range model.Invariants {
		if c.invariant == "" || c.invariant == inv.Name {
			out = append(out, inv)
		}
	}
	return out
}

// explore goes through the scenarios; true when all invariants hold.
func (c *choice) explore() bool {
	if c.mutant != "" {
		return true
	}
	var chosen []model.Scenario
	for _, s := range model.Scenarios {
		if c.scenario == "" || c.scenario == s.Name {
			s.Budgets.Set(c.budgets)
			chosen = append(chosen, s)
		}
	}
	began := time.Now()
	searches := parallel(c.workers, len(chosen), func(i int) model.Search {
		r := model.Explore(&chosen[i], model.Production(), c.invariants(), c.limit)
		tell(&chosen[i], &r)
		return r
	})
	good, states, transitions, depth := len(searches) > 0, 0, 0, 0
	for i := range searches {
		r := &searches[i]
		states, transitions, depth = states+r.States, transitions+r.Transitions, max(depth, r.Depth)
		good = good && r.Broken == "" && r.Full
	}
	fmt.Printf("%d scenarios: %d states, %d transitions, depth up to %d, in %s\n", len(searches), states, transitions, depth, time.Since(began).Round(time.Second))
	return c.covered(searches) && good
}

// covered says which rows of the table were not taken.
func (c *choice) covered(searches []model.Search) bool {
	missed, err := model.Missed(searches)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	table, _ := model.Table()
	fmt.Printf("rows of the table of phases taken: %d of %d\n", len(table)-len(missed), len(table))
	for _, row := range missed {
		fmt.Printf("  not taken: %s from %s\n", row.On, row.From)
	}
	return len(missed) == 0 || c.scenario != "" || c.invariant != ""
}

// told keeps what is printed of two scenarios apart.
var told sync.Mutex

func tell(s *model.Scenario, r *model.Search) {
	told.Lock()
	defer told.Unlock()
	fmt.Printf("%-10s %9d states %10d transitions, depth %3d, %5.1f s (%s)\n", s.Name, r.States, r.Transitions, r.Depth, r.Took.Seconds(), s.Budgets)
	if !r.Full {
		fmt.Println("  given up: more states than -states allows")
	}
	if r.Broken != "" {
		fmt.Printf("  BROKEN %s: %s\n", r.Broken, r.Why)
		for i, line := range r.Trace {
			fmt.Printf("  %3d %s\n", i, line)
		}
	}
}

// hunt looks for the mutants; true when none survives.
func (c *choice) hunt() bool {
	if c.scenario != "" {
		return true
	}
	began, killed, hunted := time.Now(), 0, 0
	for i := range model.Mutants {
		mu := &model.Mutants[i]
		if c.mutant != "" && c.mutant != mu.Name || c.invariant != "" && c.invariant != mu.Kills {
			continue
		}
		hunted++
		r := mu.Hunt(c.limit)
		if r.Broken == mu.Kills {
			killed++
		} else {
			fmt.Printf("SURVIVES %s: %s is not broken\n", mu.Name, mu.Kills)
		}
		if c.mutant != "" {
			mu.Scenario.Name = "mutant"
			tell(mu.Scenario, &r)
		}
	}
	fmt.Printf("mutants killed: %d of %d, in %s\n", killed, hunted, time.Since(began).Round(100*time.Millisecond))
	return killed == hunted && hunted > 0
}

// parallel does n things, so many at a time, and gives their results in order.
func parallel[T any](workers, n int, do func(int) T) []T {
	out, next := make([]T, n), make(chan int)
	var wait sync.WaitGroup
	for range max(1, workers) {
		wait.Go(func() {
			for i := range next {
				out[i] = do(i)
				runtime.GC() // what a search kept is large
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	return out
}
