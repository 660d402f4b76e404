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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/test/operator"
)

const usage = `Usage: bench [flags]

Measures what the operator costs, on a real control plane with simulated pods. The
table is written to standard output. The exit code is 1 if something could not be
measured; no figure makes it fail.

`

// thousand is the size of the run that -thousand asks for, and limit is how long it may take.
const (
	thousand = 1000
	limit    = 40 * time.Minute
)

// bench is one run.
type bench struct {
	sizes     []int
	few       int
	failovers int
	thousand  bool
	parts     []string
	page      string
	env       []string

	progress io.Writer
	binary   string
	shipped  manifest
}

// Names of the parts.
const (
	partFleet    = "fleet"
	partEach     = "each"
	partFailover = "failover"
	partForeign  = "foreign"
	partDecide   = "decide"
)

var parts = []string{partDecide, partFleet, partEach, partFailover, partForeign}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	b, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := b.run(ctx, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, out io.Writer) (*bench, error) {
	b := &bench{sizes: []int{25, 100}, parts: parts, progress: out}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(out)
	set.Usage = func() {
		_, _ = fmt.Fprint(out, usage)
		set.PrintDefaults()
	}
	set.Func("n", "comma-separated `numbers` of Supersets, in ascending order (default 25,100)", b.setSizes)
	set.IntVar(&b.few, "few", 10, "number of Supersets of the parts failover and foreign: 1 or more")
	set.IntVar(&b.failovers, "failovers", 3, "number of failovers by each signal: 1 or more")
	set.BoolVar(&b.thousand, "thousand", false, "measure 1,000 Supersets in one namespace and nothing else; ends after 40 minutes")
	set.Func("parts", "comma-separated `names` of "+strings.Join(parts, ", ")+" (default: all)", func(list string) error {
		b.parts = strings.Split(list, ",")
		return nil
	})
	set.Func("env", "further variable of the operator's environment, such as `GOGC=50`; may be repeated", func(v string) error {
		b.env = append(b.env, v)
		return nil
	})
	set.StringVar(&b.page, "page", "", "`file` for the page about the run")
	if err := set.Parse(args); err != nil {
		return b, err
	}
	return b, b.check(set.Args())
}

// setSizes parses the flag -n.
func (b *bench) setSizes(list string) error {
	b.sizes = nil
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of Supersets: write 1 or more", text)
		}
		b.sizes = append(b.sizes, n)
	}
	return nil
}

func (b *bench) check(arguments []string) error {
	for _, name := range b.parts {
		if !slices.Contains(parts, name) {
			return fmt.Errorf("unknown part %q: use %s", name, strings.Join(parts, ", "))
		}
	}
	switch {
	case len(arguments) > 0:
		return fmt.Errorf("bench takes flags only, got arguments %q", arguments)
	case b.few < 1 || b.failovers < 1:
		return errors.New("-few and -failovers must be at least 1")
	}
	if b.thousand {
		b.sizes, b.parts = []int{thousand}, []string{partFleet}
	}
	return nil
}

// run builds the operator, measures, and writes.
func (b *bench) run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return fmt.Errorf("creating a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if b.shipped, err = readManifest(); err != nil {
		return err
	}
	b.binary = filepath.Join(dir, "manager")
	if err := operator.Build(ctx, b.binary); err != nil {
		return err
	}
	if b.thousand {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	r := &results{began: time.Now(), machine: readMachine(), manifest: b.shipped, environment: b.environment()}
	err = b.measureAll(ctx, r)
	r.took, r.ended = time.Since(r.began), err
	text := r.markdown()
	_, _ = io.WriteString(out, text)
	if err == nil && b.page != "" {
		err = writePage(b.page, text)
	}
	return err
}

// environment is that of the operator: of the manifest, and of the flags.
func (b *bench) environment() []string { return slices.Concat(b.shipped.environment, b.env) }

// measureAll runs the parts. What was measured before an error stays in the results.
func (b *bench) measureAll(ctx context.Context, r *results) error {
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{partDecide, func() (err error) { r.decide, err = decide(ctx); return err }},
		{partFleet, func() error { return b.addFleets(ctx, r) }},
		{partEach, func() error { return b.addFleet(ctx, r, slices.Max(b.sizes), false) }},
		{partFailover, func() (err error) { r.failover, err = b.runFailover(ctx); return err }},
		{partForeign, func() (err error) { r.foreign, err = b.runForeign(ctx); return err }},
	} {
		if !slices.Contains(b.parts, part.name) {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// addFleets measures a fleet of each size in one namespace.
func (b *bench) addFleets(ctx context.Context, r *results) error {
	for _, n := range b.sizes {
		if err := b.addFleet(ctx, r, n, true); err != nil {
			return err
		}
	}
	return nil
}

// addFleet measures a fleet. One that did not end keeps the steps that did.
func (b *bench) addFleet(ctx context.Context, r *results, n int, shared bool) error {
	f, err := b.runFleet(ctx, n, shared)
	if f != nil && f.install.took > 0 {
		r.fleets = append(r.fleets, f)
	}
	return err
}
