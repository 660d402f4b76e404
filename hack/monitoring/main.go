// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// boards are the dashboards, in the order of their links.
var boards = []board{fleet, instance, operator}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: monitoring FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	all, err := files()
	if err != nil {
		return err
	}
	for name, content := range all {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("creating the folder: %w", err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("writing a file: %w", err)
		}
	}
	return nil
}

// files are the generated files, by their path below config/monitoring.
func files() (map[string][]byte, error) {
	out := map[string][]byte{}
	for i := range boards {
		content, err := boards[i].json()
		if err != nil {
			return nil, fmt.Errorf("generating the dashboard %s: %w", boards[i].title, err)
		}
		out["dashboards/"+boards[i].uid+".json"] = content
	}
	plain, resource, err := rules()
	if err != nil {
		return nil, fmt.Errorf("generating the rules: %w", err)
	}
	out["rules/superset-operator.rules.yaml"], out["prometheus_rule.yaml"] = plain, resource
	if out["pod_monitor.yaml"], err = podMonitor(); err != nil {
		return nil, err
	}
	return out, nil
}
