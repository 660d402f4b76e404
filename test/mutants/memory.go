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

// folder is where a run stores its results for later runs.
const folder = ".mutants"

// finding is the result of one check for one mutant.
type finding struct {
	Mutant, Check string
	Seen          bool
}

// memory stores the results for exactly this code.
type memory struct {
	file  *os.File
	known map[[2]string]bool
}

// recall opens the memory of the current code.
func recall() (*memory, error) {
	sum, err := sumOfCode()
	if err != nil {
		return nil, fmt.Errorf("hashing the code: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // nothing secret
		return nil, fmt.Errorf("opening the memory of earlier results: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "found-"+sum+".jsonl"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644) //nolint:gosec // nor here
	if err != nil {
		return nil, fmt.Errorf("opening the memory of earlier results: %w", err)
	}
	m := &memory{file: file, known: map[[2]string]bool{}}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var f finding
		if json.Unmarshal(lines.Bytes(), &f) == nil { // the check of a truncated line is run again
			m.known[[2]string{f.Mutant, f.Check}] = f.Seen
		}
	}
	return m, nil
}

// sumOfCode hashes everything that a check compiles or reads, including the
// mutants.
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

// keep stores a finding.
func (m *memory) keep(f finding) error {
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("storing a result: %w", err)
	}
	if _, err := m.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("storing a result: %w", err)
	}
	return nil
}
