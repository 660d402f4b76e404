// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// folder is where a run keeps what it has found, for the next one to go on from.
const folder = ".mutants"

// finding is what one check made of one mutant.
type finding struct {
	Mutant, Check string
	Seen          bool
}

// memory has what was found with this very code.
type memory struct {
	file  *os.File
	known map[[2]string]bool
}

// recall opens the memory of the code as it is now.
func recall() (*memory, error) {
	sum, err := sumOfCode()
	if err != nil {
		return nil, fmt.Errorf("telling this code from other: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // nothing secret
		return nil, fmt.Errorf("keeping what was found: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "found-"+sum+".jsonl"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644) //nolint:gosec // nor here
	if err != nil {
		return nil, fmt.Errorf("keeping what was found: %w", err)
	}
	m := &memory{file: file, known: map[[2]string]bool{}}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var f finding
		if json.Unmarshal(lines.Bytes(), &f) == nil { // a line that was cut off is found again
			m.known[[2]string{f.Mutant, f.Check}] = f.Seen
		}
	}
	return m, nil
}

// sumOfCode is of all that a check compiles or reads, the mistakes included.
func sumOfCode() (string, error) {
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "api", "cmd", "config", "internal", "test", "go.mod", "go.sum").Output()
	if err != nil {
		return "", fmt.Errorf("listing the code: %w", err)
	}
	sum := sha256.New()
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		content, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6]), nil
}

// keep notes a finding.
func (m *memory) keep(f finding) error {
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("keeping what was found: %w", err)
	}
	if _, err := m.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keeping what was found: %w", err)
	}
	return nil
}
