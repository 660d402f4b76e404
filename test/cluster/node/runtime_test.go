// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCloneRoot: writes to a clone must never reach the root that the next run is
// cloned from, and layers must not take their space twice.
func TestCloneRoot(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	files := map[string]bool{ // whether the clone shares it
		"io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/etc/issue": true,
		"io.containerd.content.v1.content/blobs/sha256/0123":              true,
		"io.containerd.snapshotter.v1.overlayfs/metadata.db":              false,
		"io.containerd.metadata.v1.bolt/meta.db":                          false,
	}
	for name := range files {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := cloneRoot(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for name, shared := range files {
		original, err := os.Stat(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		clone, err := os.Stat(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(original, clone) != shared || clone.Mode() != original.Mode() {
			t.Errorf("%s: shared %t, mode %s; want shared %t, mode %s",
				name, os.SameFile(original, clone), clone.Mode(), shared, original.Mode())
		}
		if content, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(content) != name {
			t.Errorf("%s: the clone holds %q (%v)", name, content, err)
		}
	}
}
