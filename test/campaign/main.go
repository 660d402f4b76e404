// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `Usage: campaign [flags]

Interrupts the operator at every write of every scenario, and in other ways, on
a real control plane with simulated pods, and compares each result with that of
an undisturbed run. The exit code is 0 if no point diverged, and 1 if some did or
if the campaign could not run.

`

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout))
}

// flags of the command.
type flags struct {
	choice
	list     bool
	failures string
	page     string
}

func parse(args []string, out io.Writer) (flags, error) {
	f := flags{}
	set := flag.NewFlagSet("campaign", flag.ContinueOnError)
	set.SetOutput(out)
	set.Usage = func() {
		_, _ = fmt.Fprint(out, usage)
		set.PrintDefaults()
	}
	names := func(into *[]string) func(string) error {
		return func(list string) error { *into = strings.Split(list, ","); return nil }
	}
	set.Func("scenario", "comma-separated `names`; by default all", names(&f.scenarios))
	set.Func("mode", "comma-separated `names`; by default those of a whole campaign", names(&f.modes))
	set.IntVar(&f.k, "k", 0, "the only point to run; 0 means all")
	set.IntVar(&f.every, "every", 1, "run every nth point")
	set.IntVar(&f.atOnce, "parallel", 16, "number of parallel points: they mostly wait")
	set.Uint64Var(&f.seed, "seed", 1, "determines the order of the points")
	set.BoolVar(&f.thorough, "thorough", false, "every mode in every scenario")
	set.BoolVar(&f.resume, "continue", false, "skip the points that an earlier run of the same program ran without a divergence")
	set.BoolVar(&f.failFast, "failfast", false, "stop at the first divergence")
	set.BoolVar(&f.list, "list", false, "list scenarios and modes, and do nothing")
	set.StringVar(&f.failures, "failures", ".campaign", "`folder` for the files of diverging points")
	set.StringVar(&f.page, "page", "", "`file` for the page about a whole campaign")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("campaign takes flags only, got arguments %q", set.Args())
	case f.every < 1 || f.atOnce < 1:
		return f, errors.New("-every and -parallel must be at least 1")
	}
	return f, f.known()
}

// known rejects unknown names.
func (c *choice) known() error {
	var have []string
	for _, s := range scenarios {
		have = append(have, s.name)
	}
	for _, m := range modes() {
		have = append(have, m.name)
	}
	for _, name := range slices.Concat(c.scenarios, c.modes) {
		if !slices.Contains(have, name) {
			return fmt.Errorf("unknown name %q; -list shows scenarios and modes", name)
		}
	}
	return nil
}

func run(ctx context.Context, args []string, out io.Writer) int {
	f, err := parse(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintln(out, "campaign:", err)
		return 2
	case f.list:
		list(out)
		return 0
	}
	diverged, err := f.runCampaign(ctx, out)
	if err != nil {
		_, _ = fmt.Fprintln(out, "campaign:", err)
	}
	if err != nil || diverged > 0 {
		return 1
	}
	return 0
}

// runCampaign runs a campaign from the start of the cluster to the page.
func (f *flags) runCampaign(ctx context.Context, out io.Writer) (diverged int, err error) {
	l, err := open(ctx, out, f.failures)
	if err != nil {
		return 0, err
	}
	c := newCampaign(l, f.choice, out)
	defer func() { err = errors.Join(err, c.memory.close(), l.close()) }()
	err = c.run(ctx)
	_, _ = fmt.Fprint(out, c.summary())
	if err != nil {
		return c.divergences(), err
	}
	if f.page != "" {
		err = c.write(f.page)
	}
	return c.divergences(), err
}

func list(out io.Writer) {
	for _, s := range scenarios {
		_, _ = fmt.Fprintf(out, "scenario %-20s %s\n", s.name, s.says)
	}
	for _, m := range modes() {
		_, _ = fmt.Fprintf(out, "mode     %-20s %s\n", m.name, m.says)
	}
}
