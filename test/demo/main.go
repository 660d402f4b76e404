// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/test/cluster/detached"
)

const usage = `Usage: demo [-dir FOLDER] [-prometheus]

Shows what the operator does on a real control plane with simulated pods: an
install, an upgrade, an upgrade to a broken release that is rolled back
automatically, an upgrade to a good release, and a rollback by annotation. The
cluster and the operator keep running afterwards, so that you can explore them;
"make cluster-down" stops them. A cluster that already runs in the folder is
stopped first. The exit code is 0 if every step ended as expected.

`

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	log.SetLogger(logr.Discard()) // the client would print a stack trace that there is none
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if len(args) > 0 && args[0] == detached.WorldCommand {
		return world(ctx, flags, args[1:])
	}
	dir := flags.String("dir", detached.DefaultDir, "folder of the cluster: kubeconfig, logs, pids, data")
	withPrometheus := flags.Bool("prometheus", false, "start a Prometheus that reads the operator and evaluates its alerts")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "demo takes flags only, got arguments %q\n", flags.Args())
		return 2
	}
	d := &demo{dir: *dir, narrator: narrator{out: os.Stdout}, begun: time.Now()}
	if *withPrometheus {
		var err error
		if d.prometheus, err = findPrometheus(); err != nil {
			fmt.Fprintln(os.Stderr, "demo:", err)
			return 1
		}
	}
	err := d.play(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\ndemo: interrupted; stopping the cluster")
		d.stopInterrupted()
		return 130
	default:
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		d.hint()
		return 1
	}
}

// world runs this program as the process that simulates the operator's Jobs.
func world(ctx context.Context, flags *flag.FlagSet, args []string) int {
	kubeconfig := flags.String("kubeconfig", "", "the cluster")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := detached.PlayWorld(ctx, *kubeconfig, 0); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	return 0
}
