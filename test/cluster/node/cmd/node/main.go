// SPDX-License-Identifier: Apache-2.0

// Node runs a command inside a Kubernetes cluster of one real node that lives
// as long as the command:
//
//	go run ./test/cluster/node/cmd/node -image superset:6.0.0 -- kubectl get nodes
//
// It exits with the command's exit code, or 125 if the node failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/superset-operator/superset-operator/test/cluster/node"
	"github.com/superset-operator/superset-operator/test/images"
)

func main() {
	node.Stage()
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	options := node.Options{Progress: os.Stderr}
	flag.Func("image", "an image that pods may use, by its `NAME` below; may be given more than once", func(name string) error {
		options.Images = append(options.Images, name)
		return nil
	})
	flag.StringVar(&options.Logs, "logs", "", "copy the logs of the node's programs to this `FOLDER` at the end")
	probe := flag.Bool("probe", false, "only check whether this machine can run a node and build images")
	flag.Usage = usage
	flag.Parse()
	if *probe {
		return report(0, node.Probe(ctx, true))
	}
	if flag.NArg() == 0 {
		usage()
		return 2
	}
	return report(node.Run(ctx, options, flag.Args()...))
}

func report(code int, err error) int {
	if err == nil {
		return code
	}
	fmt.Fprintln(os.Stderr, "node:", err)
	return node.FailedCode
}

func usage() {
	names, _ := images.Catalogue()
	_, _ = fmt.Fprintf(flag.CommandLine.Output(), `usage: node [OPTION...] -- COMMAND [ARGUMENT...]

Starts a Kubernetes cluster of one real node in namespaces of its own, runs
COMMAND inside with KUBECONFIG set and kubectl on its PATH, and removes the
cluster completely. Needs root.

Images: %s

`, strings.Join(names, ", "))
	flag.PrintDefaults()
}
