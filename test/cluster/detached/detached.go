// SPDX-License-Identifier: Apache-2.0

package detached

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// DefaultDir is the folder that the Makefile's targets use.
const DefaultDir = ".cluster"

// Options configure a detached cluster.
type Options struct {
	// Dir is the run folder. Required.
	Dir string
	// Progress gets one line per step; nil for silence.
	Progress io.Writer
	// AuditLog writes audit.log in the folder.
	AuditLog bool
	// World starts this program again, with the first argument [WorldCommand], to
	// simulate the operator's Jobs; its main must then call [PlayWorld].
	World bool
}

// Start starts a cluster with two simulated nodes that runs until Stop. If it
// fails, or the context ends before the cluster works, everything that was
// started is stopped.
func Start(ctx context.Context, o Options) (*cluster.Cluster, error) {
	c, err := cluster.Start(ctx, cluster.Options{Dir: o.Dir, Progress: o.Progress, Kwok: true, AuditLog: o.AuditLog, Detach: true})
	if err != nil {
		return nil, err
	}
	if o.World {
		if err := startWorld(c); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	return c, nil
}

// Running is true when all processes of the folder's cluster run, false when one
// has ended. The error is cluster.ErrNone when there is no cluster.
func Running(dir string) (bool, error) {
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

// Stop stops the folder's cluster and removes the files for access to it; the
// logs stay. It reports what it stopped. The error is cluster.ErrNone when there
// is no cluster.
func Stop(dir string, progress io.Writer) error {
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
			_, _ = fmt.Fprintf(progress, "cluster: stopped %s (process %d)\n", state.Name, state.PID)
		}
	}
	for _, name := range []string{"kubeconfig", "kubeconfigs", "pki", "etcd", "programs", "prometheus"} {
		if err := os.RemoveAll(filepath.Join(c.Dir, name)); err != nil {
			return fmt.Errorf("clearing the run folder: %w", err)
		}
	}
	return nil
}

// Describe writes what runs in a folder and how to reach it.
func Describe(w io.Writer, dir string) error {
	c, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	for _, state := range c.Processes() {
		word := "runs"
		if !state.Running {
			word = "has ended"
		}
		_, _ = fmt.Fprintf(w, "  %-24s %s (process %d, log %s)\n", state.Name, word, state.PID, state.Log)
	}
	_, _ = fmt.Fprintf(w, "  API server               %s\n", c.URL)
	_, _ = fmt.Fprintf(w, "  kubectl                  %s\n\n", c.Kubectl)
	_, err = fmt.Fprintf(w, "export KUBECONFIG=%s\n", c.Kubeconfig)
	return err
}

// ProgramPath is the path for a program of the project that belongs to the
// cluster; Stop removes it.
func ProgramPath(c *cluster.Cluster, name string) (string, error) {
	dir := filepath.Join(c.Dir, "programs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the run folder: %w", err)
	}
	return filepath.Join(dir, name), nil
}
