// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fillWith(file string) func(context.Context, string) error {
	return func(_ context.Context, root string) error { return writeFile(root, file) }
}

// TestLayerCache: equal inputs find the layer, others replace it, a failure and a
// truncated file leave no layer.
func TestLayerCache(t *testing.T) {
	store := Store{dir: t.TempDir(), progress: io.Discard}
	fills := 0
	layer := func(inputs, file string) Layer {
		t.Helper()
		l, err := store.layer(t.Context(), "a", inputs, func(ctx context.Context, root string) error {
			fills++
			return fillWith(file)(ctx, root)
		})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := layer("1", "x")
	if again := layer("1", "y"); again != first || fills != 1 {
		t.Errorf("the same inputs gave %+v after %d fills, want %+v after 1", again, fills, first)
	}
	if err := os.Truncate(first.Path, 1); err != nil {
		t.Fatal(err)
	}
	if repaired := layer("1", "x"); repaired.Size != first.Size || fills != 2 {
		t.Errorf("a truncated layer gave %+v after %d fills, want it built again", repaired, fills)
	}
	layer("2", "z")
	if _, err := os.Stat(first.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the layer of other inputs still exists (%v)", err)
	}
	broken := errors.New("broken")
	_, err := store.layer(t.Context(), "b", "1", func(context.Context, string) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("a failed fill returned %v, want %v", err, broken)
	}
	if left, _ := filepath.Glob(filepath.Join(store.dir, "b-*")); len(left) > 0 {
		t.Errorf("a failed fill left %v", left)
	}
}

// TestTreeKeepsLinksAndTimes: links stay links, and times are truncated to
// seconds and not rounded up, which would make Python compile everything again.
func TestTreeKeepsLinksAndTimes(t *testing.T) {
	root := t.TempDir()
	if err := writeFile(root, "one"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(root, "one"), time.Time{}, time.Unix(1000, 900_000_000)); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(root, "one"), filepath.Join(root, "two")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/bin/python3", filepath.Join(root, "three")); err != nil {
		t.Fatal(err)
	}
	packed := strings.Builder{}
	if err := writeTree(&packed, root); err != nil {
		t.Fatal(err)
	}
	got := []tar.Header{}
	for reader := tar.NewReader(strings.NewReader(packed.String())); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tar.Header{Name: header.Name, Typeflag: header.Typeflag, Linkname: header.Linkname, Size: header.Size})
		if header.Name == "one" && !header.ModTime.Equal(time.Unix(1000, 0)) {
			t.Errorf("the time of one is %s, want it truncated to %s", header.ModTime, time.Unix(1000, 0))
		}
	}
	want := []tar.Header{
		{Name: "one", Typeflag: tar.TypeReg, Size: 3},
		{Name: "three", Typeflag: tar.TypeSymlink, Linkname: "/usr/bin/python3"},
		{Name: "two", Typeflag: tar.TypeLink, Linkname: "one"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRequirementsOfAnUnpinnedRelease(t *testing.T) {
	p, err := readPins()
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.requirements("9.9.9")
	if err == nil || !strings.Contains(err.Error(), "pins.json") || !strings.Contains(err.Error(), "6.0.0") {
		t.Errorf("the error is %v, want it to name the file and the releases in it", err)
	}
}
