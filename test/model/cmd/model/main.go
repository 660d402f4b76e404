// SPDX-License-Identifier: Apache-2.0

// Command model explores the upgrade state machine exhaustively and reports violated invariants.
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

Explores rules.Decide and lifecycle.Advance, as the operator runs them, in
all states that are reachable with a few edits, tokens, failures, stale caches,
restarts and lost leases. Then checks that each invariant kills its mutants.
Exits with code 1 if an invariant is violated or a mutant survives.

  -list  lists the scenarios with their budgets, the invariants and the mutants

Flags:
`

// choice has the values of the flags.
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
	if !c.explore() || !c.runMutants() {
		os.Exit(1)
	}
}

func parse() *choice {
	c := &choice{budgets: map[string]*int{}}
	flag.Usage = func() {
		_, _ = fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.StringVar(&c.scenario, "scenario", "", "explore only this scenario, without mutants")
	flag.StringVar(&c.invariant, "invariant", "", "check only this invariant and its mutants")
	flag.StringVar(&c.mutant, "mutant", "", "run only this mutant and print its trace")
	flag.BoolVar(&c.list, "list", false, "list scenarios, invariants and mutants")
	flag.IntVar(&c.limit, "states", 30_000_000, "limit of states for each scenario")
	flag.IntVar(&c.workers, "workers", min(2, runtime.NumCPU()), "number of scenarios that run concurrently")
	for _, name := range model.BudgetNames() {
		c.budgets[name] = flag.Int(name, -1, "budget of "+name+" in each scenario, in place of its own")
	}
	flag.Parse()
	return c
}

func list() {
	for i := range model.Scenarios {
		s := &model.Scenarios[i]
		fmt.Printf("scenario %-10s %s (%s)\n", s.Name, s.Text, s.Budgets)
	}
	for _, inv := range model.Invariants {
		fmt.Printf("invariant %-4s %s\n", inv.Name, inv.Text)
	}
	for _, mu := range model.Mutants {
		fmt.Printf("mutant of %-4s %s\n", mu.Kills, mu.Name)
	}
}

// invariants are the selected invariants.
func (c *choice) invariants() []model.Invariant {
	var out []model.Invariant
	for _, inv := range model.Invariants {
		if c.invariant == "" || c.invariant == inv.Name {
			out = append(out, inv)
		}
	}
	return out
}

// explore searches the selected scenarios; true if all invariants hold.
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
		printSearch(&chosen[i], &r)
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

// covered prints the rows of the table that no search has taken; false if there are any in a full
// check.
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

// printing serializes the output of concurrent searches.
var printing sync.Mutex

func printSearch(s *model.Scenario, r *model.Search) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Printf("%-10s %9d states %10d transitions, depth %3d, %5.1f s (%s)\n", s.Name, r.States, r.Transitions, r.Depth, r.Took.Seconds(), s.Budgets)
	if !r.Full {
		fmt.Println("  stopped: more states than -states allows")
	}
	if r.Broken != "" {
		fmt.Printf("  VIOLATED %s: %s\n", r.Broken, r.Why)
		for i, line := range r.Trace {
			fmt.Printf("  %3d %s\n", i, line)
		}
	}
}

// runMutants runs the selected mutants; true if none survives.
func (c *choice) runMutants() bool {
	if c.scenario != "" {
		return true
	}
	began, killed, tried := time.Now(), 0, 0
	for i := range model.Mutants {
		mu := &model.Mutants[i]
		if c.mutant != "" && c.mutant != mu.Name || c.invariant != "" && c.invariant != mu.Kills {
			continue
		}
		tried++
		r := mu.Run(c.limit)
		if r.Broken == mu.Kills {
			killed++
		} else {
			fmt.Printf("SURVIVES %s: %s is not violated\n", mu.Name, mu.Kills)
		}
		if c.mutant != "" {
			mu.Scenario.Name = "mutant"
			printSearch(mu.Scenario, &r)
		}
	}
	fmt.Printf("mutants killed: %d of %d, in %s\n", killed, tried, time.Since(began).Round(100*time.Millisecond))
	return killed == tried && tried > 0
}

// parallel calls do n times with a number of workers, and returns the results in order.
func parallel[T any](workers, n int, do func(int) T) []T {
	out, next := make([]T, n), make(chan int)
	var wait sync.WaitGroup
	for range max(1, workers) {
		wait.Go(func() {
			for i := range next {
				out[i] = do(i)
				runtime.GC() // the memory of a search is large
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
