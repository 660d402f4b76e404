// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const licence = "../../LICENSE"

// compiled has a small static program for each platform, by platform.
var compiled map[string]string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "image")
	if err == nil {
		compiled, err = compile(dir)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func compile(dir string) (map[string]string, error) {
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"works\") }\n"), 0o600); err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for platform := range machines {
		_, architecture, _ := strings.Cut(platform, "/")
		programs[platform] = filepath.Join(dir, architecture)
		build := exec.Command("go", "build", "-trimpath", "-o", programs[platform], source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, out)
		}
	}
	return programs, nil
}

func testSettings(t *testing.T) settings {
	t.Helper()
	return settings{
		programs: maps.Clone(compiled), licence: licence, tag: "v1", created: time.Unix(1700000000, 0).UTC(),
		labels: map[string]string{"org.opencontainers.image.version": "v1"},
		layout: filepath.Join(t.TempDir(), "layout"),
	}
}

// TestLayout reads the layout as a container runtime does: from the index to the image of
// each platform to the files of its layer.
func TestLayout(t *testing.T) {
	s := testSettings(t)
	if err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	index := indexIn(t, s.layout, s.tag)
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, d := range manifest.Manifests {
		platforms = append(platforms, d.Platform.String())
		image, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkImage(t, image, s, *d.Platform)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

func checkImage(t *testing.T, image v1.Image, s settings, p v1.Platform) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/manager"}, Env: []string{"PATH=/"}, Labels: s.labels}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("configuration for %s (-want +got):\n%s", p.String(), diff)
	}
	if config.Platform().String() != p.String() || !config.Created.Equal(s.created) {
		t.Errorf("the configuration for %s has the platform %s and the time %s", p.String(), config.Platform(), config.Created)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	packed, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	found := map[string]string{}
	for r := tar.NewReader(packed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Mode&0o222 != 0 {
			t.Errorf("%s belongs to %d:%d and has mode %o: no process may change it", header.Name, header.Uid, header.Gid, header.Mode)
		}
		found[header.Name] = string(content)
	}
	expected := map[string]string{"LICENSE": contentOf(t, licence), "manager": contentOf(t, s.programs[p.String()])}
	if diff := cmp.Diff(expected, found); diff != "" {
		t.Errorf("the files for %s differ in %d bytes of difference", p.String(), len(diff))
	}
}

// TestSameBytes: the image depends on the contents of the files alone, not on where they
// are, when they were written, or who may read them.
func TestSameBytes(t *testing.T) {
	first := testSettings(t)
	first.archive = filepath.Join(t.TempDir(), "image.tar")
	second := first
	second.programs = map[string]string{}
	for platform, path := range first.programs {
		moved := filepath.Join(t.TempDir(), "elsewhere")
		if err := os.WriteFile(moved, []byte(contentOf(t, path)), 0o400); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(moved, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		second.programs[platform] = moved
	}
	second.layout, second.archive = filepath.Join(t.TempDir(), "layout"), filepath.Join(t.TempDir(), "image.tar")
	for _, s := range []settings{first, second} {
		if err := run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(treeOf(t, first.layout), treeOf(t, second.layout)); diff != "" {
		t.Errorf("the layouts differ in %d bytes of difference", len(diff))
	}
	if contentOf(t, first.archive) != contentOf(t, second.archive) {
		t.Error("the archives differ")
	}
	// The comparison can fail: a label changes the image.
	second.labels = map[string]string{"org.opencontainers.image.version": "v2"}
	if err := run(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(treeOf(t, first.layout), treeOf(t, second.layout)) {
		t.Error("another label gives the same image")
	}
}

// TestPush pushes to a registry, which then has the image of the layout.
func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	s := testSettings(t)
	s.push = strings.TrimPrefix(server.URL, "http://") + "/superset-operator:v1"
	if err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	reference, err := name.ParseReference(s.push)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(pushed); err != nil {
		t.Error(err)
	}
	if got, want := digestOf(t, pushed), digestOf(t, indexIn(t, s.layout, s.tag)); got != want {
		t.Errorf("the registry has %s, the layout %s", got, want)
	}
}

// TestRefused: what cannot run in the image, and what would overwrite files of somebody else.
func TestRefused(t *testing.T) {
	s := testSettings(t)
	swapped := s
	swapped.programs = map[string]string{"linux/arm64": s.programs["linux/amd64"]}
	dynamic := s
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	dynamic.programs = map[string]string{"linux/amd64": shell}
	other := s
	other.programs = map[string]string{"linux/s390x": s.programs["linux/amd64"]}
	used := s
	used.layout = t.TempDir()
	if err := os.WriteFile(filepath.Join(used.layout, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]settings{
		"not for linux/arm64": swapped, "needs a dynamic linker": dynamic, "no image for the platform": other, "contains other files": used,
	} {
		if err := run(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(used.layout, "mine")); err != nil {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for arguments, want := range map[string]string{
		"":                                   "no -program",
		"-program linux/amd64=x":             "neither -layout nor -push",
		"-program linux/amd64 -layout x":     "is not NAME=VALUE",
		"-program a=b -layout x y":           "unexpected argument",
		"-program a=b -push x -archive file": "without -layout",
	} {
		if _, err := parse(strings.Fields(arguments)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", arguments, err, want)
		}
	}
}

func indexIn(t *testing.T, folder, tag string) v1.ImageIndex {
	t.Helper()
	root, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != tag {
		t.Fatalf("the layout has %+v, want one index with the name %s", manifest.Manifests, tag)
	}
	index, err := root.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func digestOf(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func treeOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[strings.TrimPrefix(path, folder)] = contentOf(t, path)
		}
		return err
	})
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files in %s, %v", len(files), folder, err)
	}
	return files
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
