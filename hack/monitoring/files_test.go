// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shipped is where the generated files are.
const shipped = "../../config/monitoring"

// What is shipped is what the tables say.
func TestFilesAreCurrent(t *testing.T) {
	want, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(shipped, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(content), string(got)); diff != "" {
			t.Errorf("%s is stale; regenerate it with: make generate\n%s", name, diff)
		}
	}
	dashboards, err := filepath.Glob(filepath.Join(shipped, "dashboards", "*.json"))
	if err != nil || len(dashboards) != len(boards) {
		t.Errorf("%d dashboards are shipped, want %d (%v)", len(dashboards), len(boards), err)
	}
}

// maxConfigMap is what kubectl apply can store of an object in its annotation: bytes.
const maxConfigMap = 256 << 10

// Each dashboard fits into a ConfigMap that kubectl applies.
func TestSizes(t *testing.T) {
	for name, content := range shippedFiles(t) {
		if len(content)*3/2 > maxConfigMap { // quotes are escaped
			t.Errorf("%s has %d bytes", name, len(content))
		}
	}
}

// shippedFiles are the shipped dashboards, by name.
func shippedFiles(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for i := range boards {
		name := "dashboards/" + boards[i].uid + ".json"
		content, err := os.ReadFile(filepath.Join(shipped, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = content
	}
	return out
}
