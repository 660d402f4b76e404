// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

const loopback = "127.0.0.1"

// Options configure a cluster.
type Options struct {
	// Dir is the run folder: pki/, logs/, pids/, etcd/, kubeconfig. Required.
	// Remains of an earlier cluster in it are removed.
	Dir string
	// Progress gets one line per step; nil for silence.
	Progress io.Writer
	// Bind is the address that the API server listens on; 127.0.0.1 by default.
	// Everything else listens on loopback.
	Bind string
	// Advertise is the address under which pods reach the API server. It must not
	// be loopback; the default is an unreachable one, 192.0.2.2.
	Advertise string
	// Kwok starts kwok and two simulated nodes.
	Kwok bool
	// AuditLog writes Cluster.AuditLog: every request except for those for leases
	// and reads of events of others than the operator, at level Metadata.
	AuditLog bool
	// Detach lets the processes outlive the caller; otherwise the kernel kills them
	// when the caller ends.
	Detach bool
}

// Cluster is a running control plane.
type Cluster struct {
	// Dir is the run folder.
	Dir string
	// URL of the API server.
	URL string
	// Kubeconfig is the administrator's kubeconfig file.
	Kubeconfig string
	// Kubectl is the path of a kubectl of the server's version: a link in the run
	// folder.
	Kubectl string
	// AuditLog is the file with a line of JSON for each request; empty when it was
	// not enabled.
	AuditLog string
	// Etcd is the URL of etcd for clients, without TLS; empty for a cluster that was
	// opened.
	Etcd string
	// PKI issues certificates that the cluster trusts.
	PKI *PKI

	programs  string
	bind      string
	advertise string
	detach    bool
	ports     ports
	progress  io.Writer
	admin     *rest.Config
	processes []*process
	begun     time.Time
}

// Start starts a cluster and returns when it works: the API server is ready, the
// controller manager has created the default ServiceAccount, the scheduler is
// ready and, with Kwok, both nodes are. The programs are built if they are not in
// the cache. On failure everything that was started is stopped, and the error
// contains the end of the log of the failed program. The context limits only the
// start.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	for attempt := 1; ; attempt++ {
		c, err := start(ctx, o)
		// A port that was free when it was chosen may be taken when it is used.
		if err == nil || attempt == 3 || !strings.Contains(err.Error(), "address already in use") {
			return c, err
		}
	}
}

func start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{c.startControlPlane}
	if o.Kwok {
		steps = append(steps, c.startKwok)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	c.say("ready: %s", c.URL)
	return c, nil
}

// prepare builds the programs and creates the run folder.
func prepare(ctx context.Context, o Options) (*Cluster, error) {
	if o.Dir == "" {
		return nil, errors.New("starting a cluster: Options.Dir is empty")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("starting a cluster: %w", err)
	}
	c := &Cluster{
		Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"), detach: o.Detach, begun: time.Now(),
		bind: or(o.Bind, loopback), advertise: or(o.Advertise, "192.0.2.2"), progress: o.Progress,
	}
	if c.progress == nil {
		c.progress = io.Discard
	}
	if o.AuditLog {
		c.AuditLog = filepath.Join(dir, "audit.log")
	}
	if c.programs, err = Build(ctx, o.Progress); err != nil {
		return nil, err
	}
	c.begun = time.Now()
	c.Kubectl = filepath.Join(dir, "kubectl")
	if c.ports, err = freePorts(c.bind); err != nil {
		return nil, err
	}
	c.URL = "https://" + net.JoinHostPort(loopback, c.ports.apiserver)
	c.Etcd = "http://" + net.JoinHostPort(loopback, c.ports.etcd)
	return c, c.makeFolders()
}

func (c *Cluster) makeFolders() error {
	if err := c.refuseForeign(); err != nil {
		return fmt.Errorf("starting a cluster in %s: %w", c.Dir, err)
	}
	for _, name := range []string{"pki", "logs", "pids", "etcd", "kubeconfigs"} {
		path := filepath.Join(c.Dir, name)
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("clearing the run folder: %w", err)
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("making the run folder: %w", err)
		}
	}
	if err := os.Remove(c.Kubectl); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("clearing the run folder: %w", err)
	}
	if err := os.Symlink(filepath.Join(c.programs, "kubectl"), c.Kubectl); err != nil {
		return fmt.Errorf("making the run folder: %w", err)
	}
	return nil
}

// refuseForeign protects a running cluster, and a folder that never held one.
func (c *Cluster) refuseForeign() error {
	left, err := readProcesses(c.Dir)
	if err != nil {
		return err
	}
	for _, p := range left {
		if p.running() {
			return fmt.Errorf("%s of another cluster runs in this folder (process %d); stop it first", p.name, p.pid)
		}
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("reading the run folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "pids")); err != nil && len(entries) > 0 {
		return errors.New("the folder contains other files; choose a new or an empty folder")
	}
	return nil
}

// Stop stops exactly the processes of the cluster, etcd last. The run folder
// stays, with its logs.
func (c *Cluster) Stop() error {
	var first, last []*process
	for _, p := range c.processes {
		if p.name == "etcd" {
			last = append(last, p)
		} else {
			first = append(first, p)
		}
	}
	return errors.Join(stop(first), stop(last))
}

func (c *Cluster) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.progress, "cluster: %5.1f s: %s\n", time.Since(c.begun).Seconds(), fmt.Sprintf(format, args...))
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
