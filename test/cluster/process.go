// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// process is a program of a cluster, started by this program or by an earlier one
// that left its pid file.
type process struct {
	name string
	log  string
	pidFile
	// ended is closed when a child has ended; nil for the child of another.
	ended chan struct{}
}

// Run starts another program that belongs to the cluster: its output goes to
// logs/NAME.log, and Stop stops it.
func (c *Cluster) Run(name, path string, args ...string) error {
	p := &process{name: name, log: filepath.Join(c.Dir, "logs", name+".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(path, args...)
	command.Dir = c.Dir
	command.Stdout, command.Stderr = log, log
	// A separate HOME: kwok and kubectl read settings from there. A less frequent
	// garbage collection saves a seventh of the API server's work.
	command.Env = []string{"HOME=" + c.Dir, "PATH=" + os.Getenv("PATH"), "GOGC=400"}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !c.detach {
		command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if err := p.start(command); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	c.processes = append(c.processes, p)
	if p.pidFile, err = writePIDFile(filepath.Join(c.Dir, "pids", name), command.Process.Pid); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}

// start starts the program from a thread that lives as long as the program: the
// kernel sends the death signal when the parent's thread ends, not its process.
func (p *process) start(command *exec.Cmd) error {
	p.ended = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		if err == nil {
			p.pid = command.Process.Pid
		}
		started <- err
		if err == nil {
			_ = command.Wait()
		}
		close(p.ended)
	}()
	return <-started
}

func (p *process) running() bool {
	if p.ended == nil {
		return p.alive()
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// How long a program may take to end on SIGTERM, and then on SIGKILL.
const (
	stopGrace = 10 * time.Second
	killGrace = 10 * time.Second
)

func (p *process) signal(signal syscall.Signal) {
	if p.running() {
		_ = syscall.Kill(p.pid, signal)
	}
}

func (p *process) gone(within time.Duration) bool {
	for deadline := time.Now().Add(within); p.running(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// stop stops processes concurrently.
func stop(processes []*process) error {
	for _, p := range processes {
		p.signal(syscall.SIGTERM)
	}
	deadline := time.Now().Add(stopGrace)
	var errs []error
	for _, p := range processes {
		if !p.gone(time.Until(deadline)) {
			p.signal(syscall.SIGKILL)
			if !p.gone(killGrace) {
				errs = append(errs, fmt.Errorf("stopping %s: process %d is still running", p.name, p.pid))
				continue
			}
		}
		if p.path != "" {
			_ = os.Remove(p.path)
		}
	}
	return errors.Join(errs...)
}

// tail is the end of the process's log.
func (p *process) tail() string {
	const lines = 15
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
