// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// keeper sets the node up from within and runs the command.
type keeper struct {
	plan    plan
	cluster *cluster.Cluster
	begun   time.Time
}

// runKeeper returns the command's exit code. It leaves its processes to the init,
// which ends them.
func runKeeper(ctx context.Context) (int, error) {
	p, err := planFromEnvironment()
	if err != nil {
		return 0, err
	}
	// Hidden from the command, which may start programs that call Stage.
	for _, name := range []string{stageVariable, planVariable} {
		if err := os.Unsetenv(name); err != nil {
			return 0, fmt.Errorf("clearing the environment: %w", err)
		}
	}
	k := &keeper{plan: p, begun: time.Now()}
	if err := k.setUp(ctx); err != nil {
		return 0, err
	}
	return k.runCommand(ctx)
}

// setUp starts the node in the required order: the API server before its clients,
// containerd before kubelet, DNS before other pods.
func (k *keeper) setUp(ctx context.Context) error {
	steps := []struct {
		done string
		run  func(ctx context.Context) error
	}{
		{"", func(context.Context) error { return mountOwnFolders() }},
		{"", setUpNetwork},
		{"control plane up", k.startControlPlane},
		{"images imported", k.startRuntime},
		{"", func(context.Context) error { return k.startProxy() }},
		{"node ready", k.startKubelet},
		{"DNS ready", k.startDNS},
	}
	for _, step := range steps {
		if err := step.run(ctx); err != nil {
			return err
		}
		if step.done != "" {
			fmt.Fprintf(os.Stderr, "node: %s at %.1f s\n", step.done, time.Since(k.begun).Seconds())
		}
	}
	return nil
}

// runCommand runs the command with the node's kubeconfig and kubectl.
func (k *keeper) runCommand(ctx context.Context) (int, error) {
	command := exec.CommandContext(ctx, k.plan.Command[0], k.plan.Command[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), "KUBECONFIG="+k.cluster.Kubeconfig, "PATH="+k.plan.Programs.Control+":"+os.Getenv("PATH"),
		LogsVariable+"="+k.plan.path("logs"))
	ended := &exec.ExitError{}
	if err := command.Run(); errors.As(err, &ended) {
		if code := ended.ExitCode(); code >= 0 {
			return code, nil
		}
		return 1, nil // by a signal
	} else if err != nil {
		return 0, fmt.Errorf("running the command: %w", err)
	}
	return 0, nil
}

// kubectl runs kubectl as an administrator and returns what it prints.
func (k *keeper) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, k.cluster.Kubectl, append([]string{"--kubeconfig=" + k.cluster.Kubeconfig}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.Output()
	if ended := (&exec.ExitError{}); errors.As(err, &ended) {
		return "", fmt.Errorf("running kubectl: %w\n%s", err, ended.Stderr)
	}
	return string(out), err
}
