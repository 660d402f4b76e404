// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const module = "github.com/superset-operator/superset-operator"

// ProgramsDir is the folder with the modules of programs to build.
func ProgramsDir() (string, error) {
	root, err := Root()
	return filepath.Join(root, "test", "cluster", "programs"), err
}

// Root is the top folder of the repository that contains the current folder, or
// else of the one that this program was compiled from.
func Root() (string, error) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, start := range starts {
		if root, ok := rootOf(start); ok {
			return root, nil
		}
	}
	return "", errors.New("finding the sources of the test cluster: run this inside a clone of the repository")
}

// rootOf walks up to the folder whose go.mod is that of the root module.
func rootOf(dir string) (string, bool) {
	declaration := fmt.Appendln(nil, "module", module)
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.Contains(content, declaration) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
