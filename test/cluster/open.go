// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// ErrNone reports that a run folder has no cluster.
var ErrNone = errors.New("no cluster was started here")

// State of one process of a cluster.
type State struct {
	// Name of the program.
	Name string
	// PID of the process that was started.
	PID int
	// Running is true while exactly this process lives.
	Running bool
	// Log is the file with its output.
	Log string
}

// Open returns the cluster that a detached start left in a run folder, whether or
// not all of it still runs. The error is ErrNone when there is none.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening a cluster: %w", err)
	}
	c := &Cluster{Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"), Kubectl: filepath.Join(dir, "kubectl"), detach: true}
	if c.processes, err = readProcesses(dir); err != nil {
		return nil, err
	}
	if len(c.processes) == 0 {
		return nil, fmt.Errorf("opening %s: %w", dir, ErrNone)
	}
	// An interrupted start left processes to stop, but not yet the other files.
	if _, err := os.Stat(c.Kubeconfig); os.IsNotExist(err) {
		return c, nil
	}
	if c.PKI, err = openPKI(filepath.Join(dir, "pki"), "ca"); err != nil {
		return nil, err
	}
	if err := c.readAdmin(); err != nil {
		return nil, err
	}
	c.URL = c.admin.Host
	return c, nil
}

// Processes lists what belongs to the cluster, by name.
func (c *Cluster) Processes() []State {
	var states []State
	for _, p := range c.processes {
		states = append(states, State{Name: p.name, PID: p.pid, Running: p.running(), Log: p.log})
	}
	slices.SortFunc(states, func(a, b State) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return states
}
