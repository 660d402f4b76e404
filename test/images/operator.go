// SPDX-License-Identifier: Apache-2.0

package images

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// module is the module of the operator.
const module = "github.com/superset-operator/superset-operator"

// operatorImage is the image that `make image` builds from this working tree, for the
// platform of this machine: the same manifest, config and layer.
func (s Store) operatorImage(ctx context.Context, name string) (Image, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return Image{}, fmt.Errorf("finding the operator's sources: %w", err)
	}
	scratch, err := os.MkdirTemp(s.dir, "layout-")
	if err != nil {
		return Image{}, fmt.Errorf("making a folder for the operator's image: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	s.say("building the operator's image")
	layout := filepath.Join(scratch, "image")
	build := exec.CommandContext(ctx, "make", "--no-print-directory", "-C", string(bytes.TrimSpace(root)),
		"image", "PLATFORMS=linux/"+runtime.GOARCH, "IMAGE_DIR="+layout, "PUSH=")
	if out, err := build.CombinedOutput(); err != nil {
		return Image{}, fmt.Errorf("building the operator's image: %w\n%s", err, out)
	}
	i, err := imageIn(layout)
	if err != nil {
		return Image{}, fmt.Errorf("reading the operator's image: %w", err)
	}
	i.Name = name
	return i, s.keep("operator", &i.Layers[0])
}

// imageIn reads the only image of an OCI image layout.
func imageIn(layout string) (Image, error) {
	top, err := os.ReadFile(filepath.Join(layout, "index.json"))
	if err != nil {
		return Image{}, err
	}
	for {
		m := struct {
			manifest
			Manifests []descriptor
		}{}
		if err := json.Unmarshal(top, &m); err != nil {
			return Image{}, err
		}
		switch {
		case len(m.Layers) == 1:
			config, err := os.ReadFile(blobIn(layout, m.Config.Digest))
			l := m.Layers[0]
			return Image{Config: config, Manifest: top, Layers: []Layer{{Path: blobIn(layout, l.Digest), Digest: l.Digest, Size: l.Size}}}, err
		case len(m.Manifests) != 1:
			return Image{}, errors.New("want one image with one layer")
		}
		if top, err = os.ReadFile(blobIn(layout, m.Manifests[0].Digest)); err != nil {
			return Image{}, err
		}
	}
}

func blobIn(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
}

// keep moves a layer into the store, and removes earlier ones of that name.
func (s Store) keep(name string, l *Layer) error {
	key, err := keyOf(l.Digest)
	if err != nil {
		return fmt.Errorf("keying layer %s: %w", name, err)
	}
	kept := filepath.Join(s.dir, name+"-"+key+".tar.gz")
	if err := os.Rename(l.Path, kept); err != nil {
		return fmt.Errorf("storing layer %s: %w", name, err)
	}
	l.Path = kept
	return s.forget(name, key)
}
