// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/images"
)

// Options of a run.
type Options struct {
	// Images that pods may use, by the names of images.Catalogue. The test image of
	// this package (TestImage) is always available.
	Images []string
	// Logs is a folder to which the logs of the node's programs are copied at
	// the end; "" for none.
	Logs string
	// Progress gets a line for each step; it is separate from the command's output.
	Progress io.Writer
}

// Run starts a node, runs command inside with KUBECONFIG set and kubectl on its
// PATH, stops the node and returns the command's exit code. The error is about
// the node; a failed command is not an error.
//
// The program that calls Run must call Stage first thing in main.
func Run(ctx context.Context, options Options, command ...string) (int, error) {
	if err := Probe(ctx, len(options.Images) > 0); err != nil {
		return 0, err
	}
	p, err := prepare(ctx, options, command)
	if err != nil {
		return 0, err
	}
	code, err := launch(ctx, p)
	return code, errors.Join(err, saveLogs(options.Logs, p))
}

// prepare does everything that needs the network or takes long.
func prepare(ctx context.Context, options Options, command []string) (plan, error) {
	built, err := buildPrograms(ctx, options.Progress)
	if err != nil {
		return plan{}, err
	}
	store, err := images.OpenStore(options.Progress)
	if err != nil {
		return plan{}, err
	}
	p := plan{Programs: built, Command: command, Cgroup: runName(os.Getpid())}
	if p.Images, err = ownImages(ctx, store, built); err != nil {
		return plan{}, err
	}
	for _, name := range options.Images {
		image, err := store.Build(ctx, name)
		if err != nil {
			return plan{}, err
		}
		p.Images = append(p.Images, image)
	}
	runs, err := cluster.CacheDir("node")
	if err != nil {
		return plan{}, err
	}
	p.Dir = filepath.Join(runs, runName(os.Getpid()))
	return p, sweep(runs)
}

// launch runs the node and removes what outlives its namespaces.
func launch(ctx context.Context, p plan) (code int, err error) {
	if err := os.Mkdir(p.Dir, 0o755); err != nil {
		return 0, fmt.Errorf("making the run's folder: %w", err)
	}
	root, err := newCgroupRoot(p.Cgroup)
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(p.Dir))
	}
	defer func() { err = errors.Join(err, root.remove()) }()
	// The init gets SIGKILL when the thread that started it ends, so that a killed
	// launcher leaves no node behind. Therefore the thread is locked.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	init := exec.Command("/proc/self/exe")
	init.Stdin, init.Stdout, init.Stderr = os.Stdin, os.Stdout, os.Stderr
	if init.Env, err = p.environment(stageInit); err != nil {
		return 0, err
	}
	init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if err := init.Start(); err != nil {
		return 0, fmt.Errorf("starting the node's first process: %w", err)
	}
	forwarded := context.AfterFunc(ctx, func() { _ = init.Process.Signal(syscall.SIGTERM) })
	defer forwarded()
	ended := &exec.ExitError{}
	if err := init.Wait(); err != nil && !errors.As(err, &ended) {
		return 0, fmt.Errorf("waiting for the node: %w", err)
	}
	code = init.ProcessState.ExitCode()
	if code == FailedCode {
		return 0, errors.New("the node failed, see above")
	}
	return code, nil
}

// saveLogs copies the logs out of the run's folder, if requested, and removes the
// folder.
func saveLogs(to string, p plan) error {
	failed := []error{}
	if to != "" {
		failed = append(failed, copyLogs(to, p.path("logs")))
	}
	return errors.Join(append(failed, os.RemoveAll(p.Dir))...)
}

func copyLogs(to, from string) error {
	logs, err := filepath.Glob(filepath.Join(from, "*.log"))
	if err != nil {
		return fmt.Errorf("listing the node's logs: %w", err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("making a folder for logs: %w", err)
	}
	for _, log := range logs {
		content, err := os.ReadFile(log)
		if err != nil {
			return fmt.Errorf("reading a log: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(log)), content, 0o644); err != nil {
			return fmt.Errorf("copying a log: %w", err)
		}
	}
	return nil
}

const runPrefix = "superset-node-"

func runName(pid int) string { return runPrefix + strconv.Itoa(pid) }

// sweep removes what runs with a killed launcher left: folders and cgroups that
// carry the id of a process that no longer exists.
func sweep(runs string) error {
	left, err := filepath.Glob(filepath.Join(runs, runPrefix+"*"))
	if err != nil {
		return fmt.Errorf("looking for folders of earlier runs: %w", err)
	}
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return err
	}
	for _, dir := range left {
		name := filepath.Base(dir)
		if _, err := os.Stat("/proc/" + strings.TrimPrefix(name, runPrefix)); err == nil {
			continue
		}
		root := cgroupRoot{name: name}
		for _, hierarchy := range hierarchies {
			root.dirs = append(root.dirs, filepath.Join(hierarchy, name))
		}
		if err := errors.Join(root.remove(), os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("removing remains of an earlier run: %w", err)
		}
	}
	return nil
}
