// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/detached"
	"github.com/superset-operator/superset-operator/test/operator"
)

// demo is one run of the demo.
type demo struct {
	narrator
	dir     string
	begun   time.Time
	cluster *cluster.Cluster
	client  client.WithWatch
	metrics string
	// prometheus is the path of Prometheus; empty for a demo without it.
	prometheus string
	monitor    monitor
	stepsBegun []time.Time
}

// play runs the whole demo.
func (d *demo) play(ctx context.Context) error {
	d.title("Superset operator demo")
	d.text("etcd, the API server, the controller manager and the scheduler are real. Nodes, pods and databases are simulated.")
	for _, begin := range []func(context.Context) error{d.startCluster, d.startOperator, d.startPrometheus} {
		if err := begin(ctx); err != nil {
			return err
		}
	}
	var outcomes []outcome
	for i, s := range steps {
		d.stepsBegun = append(d.stepsBegun, time.Now())
		a, err := d.playStep(ctx, i+1, s)
		if err == nil {
			err = d.waitForAlert(ctx, s)
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, s.title, err)
		}
		outcomes = append(outcomes, a)
	}
	d.summary(outcomes, time.Since(d.begun))
	if err := d.monitoring(ctx); err != nil {
		return err
	}
	d.nextSteps()
	return nil
}

func (d *demo) startCluster(ctx context.Context) error {
	d.title("Cluster")
	switch err := detached.Stop(d.dir, d.out); {
	case err == nil:
		d.text("Stopped the cluster that was still running in %s. Starting a new one.", d.dir)
	case !errors.Is(err, cluster.ErrNone):
		return err
	}
	var err error
	d.cluster, err = detached.Start(ctx, detached.Options{Dir: d.dir, Progress: d.out, World: true})
	if err != nil {
		return fmt.Errorf("starting the cluster: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	d.client, err = client.NewWithWatch(d.cluster.REST(), client.Options{Scheme: scheme})
	return err
}

// startOperator starts the operator as a process that is stopped together with
// the cluster.
func (d *demo) startOperator(ctx context.Context) error {
	d.title("Operator")
	d.text("Building ./cmd/manager and applying config/crd and config/rbac.")
	program, err := detached.ProgramPath(d.cluster, "manager")
	if err != nil {
		return err
	}
	if err := operator.Build(ctx, program); err != nil {
		return err
	}
	if err := operator.Install(ctx, d.cluster); err != nil {
		return err
	}
	if d.metrics, err = operator.FreeAddress(); err != nil {
		return err
	}
	flags, err := operator.Flags(d.cluster, d.metrics)
	if err != nil {
		return err
	}
	if err := d.cluster.Run("operator", program, flags...); err != nil {
		return err
	}
	if err := operator.Answers(ctx, d.metrics, func() error { return d.alive("operator") }); err != nil {
		return err
	}
	d.text("The operator runs as a process outside the cluster, with only the permissions of config/rbac.")
	return nil
}

// alive returns an error if a process of the cluster has ended.
func (d *demo) alive(name string) error {
	for _, state := range d.cluster.Processes() {
		if state.Name == name && !state.Running {
			log, _ := os.ReadFile(state.Log)
			return fmt.Errorf("the process %s has ended; its log (%s):\n%s", name, state.Log, log)
		}
	}
	return nil
}

// kubectl runs the cluster's kubectl, as a user does.
func (d *demo) kubectl(ctx context.Context, args ...string) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, d.cluster.Kubectl, args...)
	command.Dir, command.Env = root, append(os.Environ(), "KUBECONFIG="+d.cluster.Kubeconfig)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", shellLine("kubectl", args), err, out)
	}
	return nil
}

// stopInterrupted stops the cluster of an interrupted run.
func (d *demo) stopInterrupted() {
	if err := detached.Stop(d.dir, os.Stderr); err != nil && !errors.Is(err, cluster.ErrNone) {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
}

// hint tells the user where to look after a failure.
func (d *demo) hint() {
	if d.cluster == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "demo: logs are in %s (start with operator.log); the cluster keeps running until you run: %s\n  export KUBECONFIG=%s\n",
		filepath.Join(d.cluster.Dir, "logs"), d.stopCommand(), d.cluster.Kubeconfig)
}

// stopCommand returns the command that stops the cluster.
func (d *demo) stopCommand() string {
	if d.dir == detached.DefaultDir {
		return "make cluster-down"
	}
	return shellLine("go", []string{"run", "./test/cluster/cmd/cluster", "down", "-dir", d.dir})
}
