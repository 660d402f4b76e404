// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a program of the node that runs until the node ends.
type process struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{}
}

// start starts a program in the background with its output in the run's logs.
func (k *keeper) start(name, path string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(k.plan.Dir, "logs", name+".log"), ended: make(chan struct{})}
	if err := os.MkdirAll(filepath.Dir(p.log), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder for logs: %w", err)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"))
	// A separate process group, so that Ctrl-C reaches it only through the keeper.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// patience is the timeout for a part of the node; a busy machine took a tenth of
// it.
const patience = 2 * time.Minute

// waitFor waits until ready holds. If the process ends meanwhile, the error
// contains the end of its log.
func (p *process) waitFor(ctx context.Context, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !ready() {
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended; the end of its log:\n%s", p.name, logTail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; the end of its log:\n%s", p.name, ctx.Err(), logTail(p.log))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// stop stops the process and waits for its end.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func logTail(path string) string {
	const lines = 15
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
