// SPDX-License-Identifier: Apache-2.0

// Command cluster builds, starts and stops a control plane for exploring and for
// demos.
//
//	go run ./test/cluster/cmd/cluster up
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/superset-operator/superset-operator/test/cluster/detached"
)

const usage = `Usage: cluster COMMAND [FLAGS]

A real Kubernetes control plane on loopback, with two simulated nodes.

Commands:
  build   build the programs into the user's cache folder (once for each version)
  up      start the cluster and return; it runs until "down"
  down    stop exactly the processes that "up" started
  status  show the processes; exit code 1 unless all of them run
  world   simulate the operator's Jobs and missing Secrets in the cluster of
          KUBECONFIG until interrupted ("up" starts one)
  clean   remove the built programs from the cache

"cluster COMMAND -h" lists the flags of a command.
`

// command is a subcommand; it declares its flags and returns the function to run
// after they were parsed.
type command func(flags *flag.FlagSet) func(ctx context.Context) error

var commands = map[string]command{
	"build": build, "up": up, "down": down, "status": status, detached.WorldCommand: playWorld, "clean": clean,
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		fmt.Print(usage)
		return 0
	}
	command, ok := commands[args[0]]
	if !ok {
		fmt.Fprintf(os.Stderr, "cluster: unknown command %q\n\n%s", args[0], usage)
		return 2
	}
	flags := flag.NewFlagSet("cluster "+args[0], flag.ContinueOnError)
	execute := command(flags)
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "cluster %s takes flags only, got arguments %q\n", args[0], flags.Args())
		return 2
	}
	if err := execute(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 1
	}
	return 0
}
