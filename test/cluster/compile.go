// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// compile runs go build and reports progress from its verbose output.
func (r *recipe) compile(ctx context.Context, progress io.Writer, to string, names []string) error {
	args := []string{"build", "-v", "-trimpath", "-buildvcs=false", "-ldflags=" + r.ldflags, "-o", to + "/"}
	for _, name := range names {
		args = append(args, packages[name])
	}
	command := exec.CommandContext(ctx, r.golang, args...)
	command.Dir, command.Env = r.source, buildEnv()
	// When interrupted, the go command first stops its compilers.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	read, write := io.Pipe()
	command.Stdout, command.Stderr = write, write
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting go: %w", err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, read)
	}()
	ended := make(chan error, 1)
	go func() {
		ended <- command.Wait()
		_ = write.Close()
	}()
	errors := report(progress, lines, 10*time.Second)
	if err := <-ended; err != nil {
		return explain(err, errors)
	}
	return nil
}

// report prints progress from time to time until lines ends, and returns the
// lines that were not about progress.
func report(progress io.Writer, lines <-chan string, every time.Duration) []string {
	const most = 40
	begun := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	downloaded, compiled, last := 0, 0, "reading the versions, or linking"
	var others []string
	for {
		select {
		case line, open := <-lines:
			switch {
			case !open:
				return others
			case strings.HasPrefix(line, "go: downloading "):
				downloaded++
				last = strings.TrimPrefix(line, "go: ")
			case isPackage(line):
				compiled++
				last = line
			case len(others) < most:
				others = append(others, line)
			}
		case <-tick.C:
			_, _ = fmt.Fprintf(progress, "cluster: %4.0f s: %d modules downloaded, %d packages compiled; now %s\n",
				time.Since(begun).Seconds(), downloaded, compiled, last)
		}
	}
}

// isPackage distinguishes a line of go build -v from a compiler's message.
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " :\t#")
}
