// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	var o options
	only := flag.String("only", "", "comma-separated `names` of mutants; all by default")
	with := flag.String("with", "tests,model,campaign", "comma-separated checks to run against each mutant; suites adds the slow suites on the API server")
	flag.StringVar(&o.page, "page", "", "file to write the table to, in Markdown; none by default")
	again := flag.Bool("continue", false, "continue with the results of earlier runs of the same code, stored in "+folder)
	flag.Usage = func() {
		_, _ = fmt.Fprintf(flag.CommandLine.Output(), "Applies %d mutants to the operator, one at a time, and reports which checks kill each of them.\nRun it from the root of the repository.\n\n", len(mutants))
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.choose(*only, *with); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if *again {
		var err error
		if o.memory, err = recall(); err != nil {
			fmt.Fprintln(os.Stderr, "mutants:", err)
			os.Exit(2)
		}
	}
	survivors, err := o.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

type options struct {
	mutants []mutant
	checks  []check
	page    string
	// memory has the results of earlier runs; nil for none.
	memory *memory
}

// choose selects mutants and checks by name.
func (o *options) choose(only, with string) error {
	names := strings.Split(only, ",")
	for _, m := range mutants {
		if only == "" || slices.Contains(names, m.Name) {
			o.mutants = append(o.mutants, m)
		}
	}
	for name := range strings.SplitSeq(with, ",") {
		i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
		if i < 0 {
			return fmt.Errorf("unknown check %q: choose from tests, model, campaign, suites", name)
		}
		o.checks = append(o.checks, checks[i])
	}
	if len(o.mutants) == 0 {
		return fmt.Errorf("no mutant is called %q: see test/mutants/list.go", only)
	}
	return nil
}

// run runs the checks against each mutant; survivors are the mutants that no
// check has killed.
func (o *options) run(ctx context.Context) (survivors int, err error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	began, results := time.Now(), []result(nil)
	for i, m := range o.mutants {
		overlay, err := m.overlay(dir)
		if err != nil {
			return 0, err
		}
		r := result{mutant: m}
		if r.seen, err = o.look(ctx, m.Name, overlay); err != nil {
			return 0, fmt.Errorf("%s: %w", m.Name, err)
		}
		if !slices.Contains(r.seen, true) {
			survivors++
		}
		results = append(results, r)
		fmt.Printf("%2d of %d, %4.0f s: %s\n", i+1, len(o.mutants), time.Since(began).Seconds(), r.line(o.checks))
		if err := o.write(results); err != nil {
			return 0, err
		}
	}
	fmt.Print("\n" + tableOf(o.checks, results))
	return survivors, nil
}

// write writes the page, if requested: after each mutant, so that an interrupted
// run leaves a page.
func (o *options) write(results []result) error {
	if o.page == "" {
		return nil
	}
	return os.WriteFile(o.page, []byte(pageHead+tableOf(o.checks, results)), 0o644) //nolint:gosec // a page of the docs, for everybody to read
}

// look runs all checks concurrently: some of them mostly wait.
func (o *options) look(ctx context.Context, name, overlay string) ([]bool, error) {
	seen, errs := make([]bool, len(o.checks)), make([]error, len(o.checks))
	var all sync.WaitGroup
	for i, c := range o.checks {
		all.Go(func() { seen[i], errs[i] = o.ask(ctx, c, name, overlay) })
	}
	all.Wait()
	return seen, errors.Join(errs...)
}

// ask runs one check, unless its result is already known.
func (o *options) ask(ctx context.Context, c check, name, overlay string) (bool, error) {
	if o.memory == nil {
		return c.sees(ctx, overlay)
	}
	if seen, known := o.memory.known[[2]string{name, c.name}]; known {
		return seen, nil
	}
	seen, err := c.sees(ctx, overlay)
	if err != nil {
		return false, err
	}
	return seen, o.memory.keep(finding{name, c.name, seen})
}

// overlay writes the file for -overlay, and the mutated source file.
func (m mutant) overlay(dir string) (string, error) {
	text, err := m.text()
	if err != nil {
		return "", err
	}
	mistaken, overlay := filepath.Join(dir, m.Name+".go"), filepath.Join(dir, m.Name+".json")
	file, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]map[string]string{"Replace": {file: mistaken}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(mistaken, []byte(text), 0o600), os.WriteFile(overlay, raw, 0o600))
}

// text is the mutated file. It is an error if Old does not occur exactly once:
// then the code has changed, and the mutant must be updated.
func (m mutant) text() (string, error) {
	raw, err := os.ReadFile(m.File)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Name, err)
	}
	if n := strings.Count(string(raw), m.Old); n != 1 {
		return "", fmt.Errorf("%s: the text to replace occurs %d times in %s, want once", m.Name, n, m.File)
	}
	return strings.Replace(string(raw), m.Old, m.New, 1), nil
}

// check is a command that fails when it kills a mutant. %s is the overlay.
type check struct {
	name    string
	command []string
}

var checks = []check{
	{"tests", []string{"go", "test", "-overlay", "%s", "./internal/..."}},
	{"model", []string{"go", "test", "-count=1", "-overlay", "%s", "./test/model/..."}},
	{"campaign", []string{"go", "test", "-count=1", "-overlay", "%s", "./test/campaign/..."}},
	{"suites", []string{"go", "test", "-count=1", "-timeout", "20m", "-overlay", "%s", "./test/integration/..."}},
}

// sees runs the check against a mutant and reports whether it fails. A mutant
// that does not compile is an error: no test is needed to find it.
func (c check) sees(ctx context.Context, overlay string) (bool, error) {
	var args []string
	for _, a := range c.command[1:] {
		args = append(args, strings.ReplaceAll(a, "%s", overlay))
	}
	out, err := exec.CommandContext(ctx, c.command[0], args...).CombinedOutput()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, err
	}
	if strings.Contains(string(out), "[build failed]") {
		return false, fmt.Errorf("the mutant does not compile:\n%s", out)
	}
	return err != nil, nil
}
