// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWriteArchive reads an archive like a container runtime: from the index to
// the manifests to the blobs, each under the digest of its content.
func TestWriteArchive(t *testing.T) {
	store := Store{dir: t.TempDir(), progress: io.Discard}
	base := layerOf(t, store, "base", "etc/issue")
	top := layerOf(t, store, "top", "app/run")
	list := []Image{
		{Name: "registry.invalid/base:1", Layers: []Layer{base}},
		{Name: "registry.invalid/top:2", Layers: []Layer{base, top}, Defaults: Defaults{User: "1000", Cmd: []string{"/app/run"}}},
	}
	archive := bytes.Buffer{}
	if err := WriteArchive(&archive, list...); err != nil {
		t.Fatal(err)
	}
	files := read(t, &archive)

	index := struct{ Manifests []descriptor }{}
	decode(t, files["index.json"], &index)
	for i, d := range index.Manifests {
		if name := d.Annotations["io.containerd.image.name"]; name != list[i].Name {
			t.Errorf("manifest %d is named %q, want %q", i, name, list[i].Name)
		}
		m, c := manifest{}, configuration{}
		decode(t, blob(t, files, d), &m)
		decode(t, blob(t, files, m.Config), &c)
		if diff := cmp.Diff(list[i].Defaults, c.Config); diff != "" {
			t.Errorf("defaults of %s (-want +got):\n%s", list[i].Name, diff)
		}
		got := []string{}
		for _, l := range m.Layers {
			got = append(got, digestOf(blob(t, files, l)))
		}
		if diff := cmp.Diff(c.RootFS.DiffIDs, got); diff != "" {
			t.Errorf("layers of %s (-config +content):\n%s", list[i].Name, diff)
		}
	}
}

func layerOf(t *testing.T, store Store, name, file string) Layer {
	t.Helper()
	l, err := store.layer(t.Context(), name, name, fillWith(file))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// read returns the files of a tar by name; a duplicate is an error, because then
// a layer would not be shared.
func read(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for reader := tar.NewReader(r); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[header.Name]; twice {
			t.Errorf("%s is in the archive twice", header.Name)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func blob(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	content, there := files["blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
	if !there || int64(len(content)) != d.Size || digestOf(content) != d.Digest {
		t.Fatalf("blob %s: exists %t, %d bytes with digest %s, want %d", d.Digest, there, len(content), digestOf(content), d.Size)
	}
	return content
}

func decode(t *testing.T, content []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("decoding %q: %v", content, err)
	}
}

func writeFile(root, name string) error {
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(name), 0o644)
}

// TestImageInLayout: an image from a layout keeps its documents, and so its digest.
func TestImageInLayout(t *testing.T) {
	layout := t.TempDir()
	put := func(content []byte) descriptor {
		path := blobIn(layout, digestOf(content))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return descriptor{Digest: digestOf(content), Size: int64(len(content))}
	}
	encode := func(value any) []byte {
		content, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	image := put(encode(map[string]any{"config": put([]byte("{}")), "layers": []descriptor{put([]byte("packed"))}}))
	index := put(encode(map[string]any{"manifests": []descriptor{image}}))
	if err := os.WriteFile(filepath.Join(layout, "index.json"), encode(map[string]any{"manifests": []descriptor{index}}), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := imageIn(layout)
	if err != nil {
		t.Fatal(err)
	}
	got.Name = "registry.invalid/operator:1"
	passed := Image{} // as to the keeper of a node
	decode(t, encode(got), &passed)
	got = passed
	if digest, err := got.Digest(); err != nil || digest != image.Digest {
		t.Errorf("digest %s, %v; want %s", digest, err, image.Digest)
	}
	store := Store{dir: t.TempDir(), progress: io.Discard}
	if err := store.keep("operator", &got.Layers[0]); err != nil {
		t.Fatal(err)
	}
	archive := bytes.Buffer{}
	if err := WriteArchive(&archive, got); err != nil {
		t.Fatal(err)
	}
	files := read(t, &archive)
	m := manifest{}
	decode(t, blob(t, files, image), &m)
	if content := blob(t, files, m.Layers[0]); string(content) != "packed" {
		t.Errorf("the layer is %q", content)
	}
}
