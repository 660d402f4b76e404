// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVariantLayer: removed files are hidden by whiteouts, as containerd applies
// them, written files exist, and there is nothing else.
func TestVariantLayer(t *testing.T) {
	store := Store{dir: t.TempDir(), progress: io.Discard}
	v := variant{Remove: []string{"app/lib/module"}, Write: map[string]string{"app/start.sh": "exit 1\n"}}
	layer, err := store.layer(t.Context(), "a", v, func(_ context.Context, root string) error { return v.fill(root) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"app/", "app/lib/", "app/lib/.wh.module", "app/start.sh"}
	packed, err := os.Open(layer.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(read(t, packed)))); diff != "" {
		t.Errorf("the layer (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/etc/passwd", "../up", "folder/"} {
		if err := (variant{Write: map[string]string{path: ""}}).fill(t.TempDir()); err == nil {
			t.Errorf("a variant that writes %q was accepted", path)
		}
	}
}

// TestVariantsHavePinnedReleases: each variant has a pinned release, is in the
// catalogue, and has a description.
func TestVariantsHavePinnedReleases(t *testing.T) {
	all, err := readVariants()
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPins()
	if err != nil {
		t.Fatal(err)
	}
	known, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range all {
		if v.Why == "" || len(v.Remove)+len(v.Write) == 0 {
			t.Errorf("variant %s has no change or no description", name)
		}
		for _, release := range v.Releases {
			if _, pinned := p.Superset[release]; !pinned {
				t.Errorf("variant %s is for Superset %s, which has no pins", name, release)
			}
			if image := "superset:" + release + "-" + name; !slices.Contains(known, image) {
				t.Errorf("%s is not in the catalogue", image)
			}
		}
	}
}
