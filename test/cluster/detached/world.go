// SPDX-License-Identifier: Apache-2.0

package detached

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// WorldCommand is the first argument when Start starts the program again. The
// others are "-kubeconfig" and a path.
const WorldCommand = "world"

// PlayWorld simulates the operator's Jobs, and missing Secrets, until the context
// ends. A Job takes 200 ms when delay is 0.
func PlayWorld(ctx context.Context, kubeconfig string, delay time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig (set KUBECONFIG or -kubeconfig): %w", err)
	}
	return world.New(config, world.Options{Log: os.Stdout, Delay: delay, Persist: true}).Run(ctx)
}

// startWorld starts this program again, from a copy: go run removes the original
// when it ends.
func startWorld(c *cluster.Cluster) error {
	kubeconfig, err := c.KubeconfigFor("world", "system:masters")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	program, err := ProgramPath(c, "world")
	if err != nil {
		return err
	}
	if err := copyProgram(self, program); err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	return c.Run("world", program, WorldCommand, "-kubeconfig", kubeconfig)
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	// A running program cannot be overwritten, but its file can be replaced.
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
