// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// kept is a point that did not diverge, as stored for a later run of the same
// program.
type kept struct {
	Scenario, Mode string
	K              int
	Struck         string
	// Seconds since the previous point of the same run.
	Seconds float64
}

// memory stores the points that ran; a nil memory stores nothing.
type memory struct{ file *os.File }

// recall opens the memory of exactly this program in a folder, and returns the
// points that an earlier run of it has stored there.
func recall(folder string) (*memory, []kept, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("finding this program: %w", err)
	}
	sum, err := sumOf(program)
	if err != nil {
		return nil, nil, fmt.Errorf("hashing this program: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, nil, fmt.Errorf("opening the memory of earlier points: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "tried-"+sum+".jsonl"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the memory of earlier points: %w", err)
	}
	var list []kept
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var k kept
		if json.Unmarshal(lines.Bytes(), &k) == nil { // a truncated line is run again
			list = append(list, k)
		}
	}
	return &memory{file}, list, nil
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6]), nil
}

// keep stores a point.
func (m *memory) keep(k kept) error {
	if m == nil {
		return nil
	}
	line, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("storing a point: %w", err)
	}
	if _, err := m.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("storing a point: %w", err)
	}
	return nil
}

func (m *memory) close() error {
	if m == nil {
		return nil
	}
	if err := m.file.Close(); err != nil {
		return fmt.Errorf("storing a point: %w", err)
	}
	return nil
}

// without skips the stored points; they count as run.
func (c *campaign) without(points []point, before []kept) []point {
	tried := map[string]kept{}
	for _, k := range before {
		tried[fmt.Sprint(k.Scenario, k.Mode, k.K)] = k
	}
	var left []point
	for _, p := range points {
		k, ok := tried[fmt.Sprint(p.scenario.name, p.mode.name, p.k)]
		if !ok {
			left = append(left, p)
			continue
		}
		c.results = append(c.results, result{point: p, struck: k.Struck})
		c.earlier += k.Seconds
	}
	return left
}
