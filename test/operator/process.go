// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is one manager as a process outside the cluster. It is not for concurrent use.
type Process struct {
	// Binary is the path of the manager, Log the file that its output is appended to.
	Binary, Log string
	// Metrics is the address that the flags make it serve its metrics at.
	Metrics string
	// Flags are its arguments, Env is added to the environment.
	Flags, Env []string

	command *exec.Cmd
}

// Start starts it, and returns when it serves its metrics. The error has the end of its log.
func (p *Process) Start(ctx context.Context) error {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of the operator: %w", err)
	}
	defer func() { _ = log.Close() }()
	p.command = exec.Command(p.Binary, p.Flags...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.Env = append(os.Environ(), p.Env...)
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("starting the operator: %w", err)
	}
	if err := Answers(ctx, p.Metrics, func() error { return nil }); err != nil {
		raw, _ := os.ReadFile(p.Log)
		return fmt.Errorf("%w\n%s", err, raw[max(0, len(raw)-4000):])
	}
	return nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// End sends a signal and waits until the process has ended. One that has ended already
// gets none.
func (p *Process) End(signal syscall.Signal) {
	if p.command != nil && p.command.Process != nil && p.command.ProcessState == nil {
		_ = p.command.Process.Signal(signal)
		_ = p.command.Wait()
	}
}

// Kill ends it with SIGKILL, so that it cannot clean up.
func (p *Process) Kill() { p.End(syscall.SIGKILL) }

// Memory returns its resident memory now and at its highest since its start, in KiB.
func (p *Process) Memory() (now, peak int, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the memory of the operator: %w", err)
	}
	found := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == "kB" {
			if found[fields[0]], err = strconv.Atoi(fields[1]); err != nil {
				return 0, 0, fmt.Errorf("reading the memory of the operator: %w", err)
			}
		}
	}
	if found["VmRSS:"] == 0 || found["VmHWM:"] == 0 {
		return 0, 0, fmt.Errorf("reading the memory of the operator: no VmRSS or VmHWM in the status of process %d", p.PID())
	}
	return found["VmRSS:"], found["VmHWM:"], nil
}

// Scrape reads its metrics, by series.
func (p *Process) Scrape(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Metrics+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	out := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if out[line[:at]], err = strconv.ParseFloat(line[at+1:], 64); err != nil {
			return nil, fmt.Errorf("reading the operator's metrics: %q: %w", line, err)
		}
	}
	return out, lines.Err()
}

// Idle waits until it has reconciled Supersets at least so many times since its start, and
// its queues are empty at three looks in a row: a write of one controller can trigger another.
func (p *Process) Idle(ctx context.Context, reconciles int) error {
	for quiet := 0; quiet < 3; {
		series, err := p.Scrape(ctx)
		if err != nil {
			return err
		}
		quiet++
		if !idle(series, reconciles) {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the operator to be idle: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// idle is true for metrics of a manager with empty queues and so many reconciles of Supersets.
func idle(series map[string]float64, reconciles int) bool {
	looked := 0.0
	for name, value := range series {
		switch {
		case strings.HasPrefix(name, "workqueue_depth{"), strings.HasPrefix(name, "controller_runtime_active_workers{"):
			if value != 0 {
				return false
			}
		case strings.HasPrefix(name, `controller_runtime_reconcile_total{controller="superset"`):
			looked += value
		}
	}
	return looked >= float64(reconciles)
}
