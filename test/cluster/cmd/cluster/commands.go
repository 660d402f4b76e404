// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/detached"
)

func dirFlag(flags *flag.FlagSet) *string {
	return flags.String("dir", detached.DefaultDir, "folder of the cluster: kubeconfig, logs, pids, data")
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
	withWorld := flags.Bool("world", true, "simulate the operator's Jobs; without it, pods that refer to Secrets never start")
	return func(ctx context.Context) error {
		switch running, err := detached.Running(*dir); {
		case err == nil && running:
			fmt.Println("cluster: already up")
			return detached.Describe(os.Stdout, *dir)
		case err == nil: // a process has ended: restart the cluster
			if err := detached.Stop(*dir, os.Stdout); err != nil {
				return err
			}
		case !errors.Is(err, cluster.ErrNone):
			return err
		}
		if _, err := detached.Start(ctx, detached.Options{Dir: *dir, Progress: os.Stdout, AuditLog: *audit, World: *withWorld}); err != nil {
			return err
		}
		return detached.Describe(os.Stdout, *dir)
	}
}

func down(flags *flag.FlagSet) func(context.Context) error {
	dir := dirFlag(flags)
	return func(context.Context) error {
		err := detached.Stop(*dir, os.Stdout)
		if errors.Is(err, cluster.ErrNone) {
			fmt.Println("cluster: nothing is running")
			return nil
		}
		return err
	}
}

func status(flags *flag.FlagSet) func(context.Context) error {
	dir := dirFlag(flags)
	return func(context.Context) error {
		if err := detached.Describe(os.Stdout, *dir); err != nil {
			return err
		}
		if running, err := detached.Running(*dir); err != nil || !running {
			return errors.Join(err, errors.New("some processes have ended; \"cluster up\" restarts the cluster"))
		}
		return nil
	}
}

func playWorld(flags *flag.FlagSet) func(context.Context) error {
	kubeconfig := flags.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig of the cluster; default: KUBECONFIG")
	delay := flags.Duration("delay", 0, "how long a Job takes; 0 for the default")
	return func(ctx context.Context) error { return detached.PlayWorld(ctx, *kubeconfig, *delay) }
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
