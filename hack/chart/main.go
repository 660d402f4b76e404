// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: chart FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// run writes the generated files of the chart, in the repository at root.
func run(root string) error {
	all, err := generated(root)
	if err != nil {
		return err
	}
	chart := filepath.Join(root, chartFolder)
	if err := os.RemoveAll(filepath.Join(chart, "files")); err != nil {
		return fmt.Errorf("removing earlier files: %w", err)
	}
	for name, content := range all {
		path := filepath.Join(chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("creating the folder: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("writing a file: %w", err)
		}
	}
	return nil
}

// generated returns the generated files, by their path in the chart.
func generated(root string) (map[string][]byte, error) {
	out, err := copied(root)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(root, chartFolder, "values.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the values: %w", err)
	}
	values, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("reading values.yaml: %w", err)
	}
	if out["values.schema.json"], err = schema(values); err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	frame, err := os.ReadFile(filepath.Join(root, chartFolder, "README.md.tmpl"))
	if err != nil {
		return nil, fmt.Errorf("reading the frame of the page: %w", err)
	}
	out["README.md"], err = page(string(frame), values)
	return out, err
}
