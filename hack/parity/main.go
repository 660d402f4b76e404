// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: parity ROOT\n\nWrites docs/reference/parity.md below ROOT, the folder of this project.")
		os.Exit(2)
	}
	root := os.Args[1]
	text, err := generate(root)
	if err == nil {
		err = os.WriteFile(pagePath(root), []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func pagePath(root string) string { return filepath.Join(root, "docs/reference/parity.md") }

// generate reads the data and the CRD, and renders the page.
func generate(root string) (string, error) {
	spec, err := specOf(filepath.Join(root, "config/crd/bases/superset-operator.dev_supersets.yaml"))
	if err != nil {
		return "", err
	}
	from := append([]source(nil), sources...)
	for i := range from {
		if from[i].Rows, err = read(from[i].File); err != nil {
			return "", err
		}
	}
	return page(spec, from)
}
