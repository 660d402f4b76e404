// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// pidFile records a process. A process id can be reused; together with the start
// time it is unique.
type pidFile struct {
	path  string
	pid   int
	begun string // field 22 of /proc/PID/stat: clock ticks after boot
}

func writePIDFile(path string, pid int) (pidFile, error) {
	f := pidFile{path: path, pid: pid}
	f.begun, _ = startOf(pid)
	if err := os.WriteFile(path, fmt.Appendln(nil, f.pid, f.begun), 0o600); err != nil {
		return f, fmt.Errorf("writing a pid file: %w", err)
	}
	return f, nil
}

func readPIDFile(path string) (pidFile, error) {
	f := pidFile{path: path}
	content, err := os.ReadFile(path)
	if err != nil {
		return f, fmt.Errorf("reading a pid file: %w", err)
	}
	if _, err := fmt.Sscan(string(content), &f.pid, &f.begun); err != nil {
		return f, fmt.Errorf("reading the pid file %s: %w", path, err)
	}
	return f, nil
}

// alive is true while exactly this process runs; a zombie is not alive.
func (f pidFile) alive() bool {
	begun, ok := startOf(f.pid)
	return ok && begun == f.begun
}

// startOf reads when a process started.
func startOf(pid int) (string, bool) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// The second field, the name, may contain blanks and brackets.
	stat := string(content)
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}

// readProcesses reads the pid files of a run folder.
func readProcesses(dir string) ([]*process, error) {
	files, err := filepath.Glob(filepath.Join(dir, "pids", "*"))
	if err != nil {
		return nil, fmt.Errorf("listing pid files: %w", err)
	}
	var processes []*process
	for _, path := range files {
		f, err := readPIDFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		processes = append(processes, &process{name: name, log: filepath.Join(dir, "logs", name+".log"), pidFile: f})
	}
	return processes, nil
}
