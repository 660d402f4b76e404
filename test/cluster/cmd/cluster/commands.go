// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

func dirFlag(flags *flag.FlagSet) *string {
	return flags.String("dir", ".cluster", "folder of the cluster: kubeconfig, logs, pids, data")
}

func build(*flag.FlagSet) func(context.Context) error {
	return func(ctx context.Context) error {
		dir, err := cluster.Build(ctx, os.Stdout)
		if err != nil {
			return err
		}
		fmt.Println("cluster: the programs are in", dir)
		return nil
	}
}

func up(flags *flag.FlagSet) func(context.Context) error {
	dir := dirFlag(flags)
	audit := flags.Bool("audit", false, "write an audit log, audit.log in the folder")
	withWorld := flags.Bool("world", true, "play the operator's Jobs; without it, pods that refer to Secrets never start")
	return func(ctx context.Context) error {
		switch running, err := allRunning(*dir); {
		case err == nil && running:
			fmt.Println("cluster: already up")
			return describe(*dir)
		case err == nil: // something has ended: start afresh
			if err := stop(*dir); err != nil {
				return err
			}
		case !errors.Is(err, cluster.ErrNone):
			return err
		}
		c, err := cluster.Start(ctx, cluster.Options{Dir: *dir, Progress: os.Stdout, Kwok: true, AuditLog: *audit, Detach: true})
		if err != nil {
			return err
		}
		if *withWorld {
			if err := startWorld(c); err != nil {
				return errors.Join(err, c.Stop())
			}
		}
		return describe(*dir)
	}
}

// startWorld starts this program once more. It is copied first: go run removes
// the original when it ends.
func startWorld(c *cluster.Cluster) error {
	kubeconfig, err := c.KubeconfigFor("world", "system:masters")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	program := filepath.Join(c.Dir, "cluster")
	if err := copyProgram(self, program); err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	return c.Run("world", program, "world", "-kubeconfig", kubeconfig)
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	// A program that runs cannot be written over, but its name can be given away.
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

func down(flags *flag.FlagSet) func(context.Context) error {
	dir := dirFlag(flags)
	return func(context.Context) error {
		err := stop(*dir)
		if errors.Is(err, cluster.ErrNone) {
			fmt.Println("cluster: nothing runs")
			return nil
		}
		return err
	}
}

// stop ends the cluster and takes away what leads to it; the logs stay.
func stop(dir string) error {
	c, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	states := c.Processes()
	if err := c.Stop(); err != nil {
		return err
	}
	for _, state := range states {
		if state.Running {
			fmt.Printf("cluster: ended %s (process %d)\n", state.Name, state.PID)
		}
	}
	for _, name := range []string{"kubeconfig", "kubeconfigs", "pki", "etcd", "cluster"} {
		if err := os.RemoveAll(filepath.Join(c.Dir, name)); err != nil {
			return fmt.Errorf("clearing the run folder: %w", err)
		}
	}
	return nil
}

func status(flags *flag.FlagSet) func(context.Context) error {
	dir := dirFlag(flags)
	return func(context.Context) error {
		if err := describe(*dir); err != nil {
			return err
		}
		if running, err := allRunning(*dir); err != nil || !running {
			return errors.Join(err, errors.New("not all of it runs; \"cluster up\" starts it afresh"))
		}
		return nil
	}
}

func allRunning(dir string) (bool, error) {
	c, err := cluster.Open(dir)
	if err != nil {
		return false, err
	}
	for _, state := range c.Processes() {
		if !state.Running {
			return false, nil
		}
	}
	return true, nil
}

// describe prints what runs and how to reach it.
func describe(dir string) error {
	c, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	for _, state := range c.Processes() {
		word := "runs"
		if !state.Running {
			word = "has ended"
		}
		fmt.Printf("  %-24s %s (process %d, log %s)\n", state.Name, word, state.PID, state.Log)
	}
	fmt.Printf("  API server               %s\n", c.URL)
	fmt.Printf("  kubectl                  %s\n\n", c.Kubectl)
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig)
	return nil
}

func playWorld(flags *flag.FlagSet) func(context.Context) error {
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "the cluster; by default that of KUBECONFIG")
	delay := flags.Duration("delay", 0, "how long a Job takes; 0 for the default")
	return func(ctx context.Context) error {
		config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
		if err != nil {
			return fmt.Errorf("reading the kubeconfig (set KUBECONFIG or -kubeconfig): %w", err)
		}
		return world.New(config, world.Options{Log: os.Stdout, Delay: *delay, Persist: true}).Run(ctx)
	}
}

func clean(*flag.FlagSet) func(context.Context) error {
	return func(context.Context) error {
		removed, err := cluster.Clean()
		for _, dir := range removed {
			fmt.Println("cluster: removed", dir)
		}
		return err
	}
}
