// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user of the process: not root, and without a name, because the image has no /etc/passwd.
const user = "65532:65532"

// entrypoint is the path of the program in the image.
const entrypoint = "manager"

// platformImage is the image of one platform: a layer with the program and the licence, and
// nothing else. The program is static and verifies only the API server, whose authority is
// mounted into its pod, so the image has neither a C library nor certificates.
func (s settings) platformImage(p v1.Platform, program string) (v1.Image, error) {
	if err := check(program, p); err != nil {
		return nil, err
	}
	layer, err := layerOf(program, s.licence)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{
		Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: s.created}, CreatedBy: "make image"},
	})
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = p.OS, p.Architecture, p.Variant
	file.Created = v1.Time{Time: s.created}
	file.Config = v1.Config{
		User: user, WorkingDir: "/", Entrypoint: []string{"/" + entrypoint},
		Env: []string{"PATH=/"}, Labels: s.labels,
	}
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return nil, fmt.Errorf("setting the configuration: %w", err)
	}
	annotated, ok := mutate.Annotations(image, s.labels).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("annotating the image of %s: it is no image any more", p.String())
	}
	return annotated, nil
}

// layerOf packs the files of the image.
func layerOf(program, licence string) (v1.Layer, error) {
	packed := &bytes.Buffer{}
	w := tar.NewWriter(packed)
	for _, f := range []struct {
		name, path string
		mode       int64
	}{{"LICENSE", licence, 0o444}, {entrypoint, program, 0o555}} {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return nil, fmt.Errorf("packing the image: %w", err)
		}
		header := tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(content)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.path, err)
		}
		if _, err := w.Write(content); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the image: %w", err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("compressing the layer: %w", err)
	}
	return layer, nil
}

// index is the image for all platforms: an index, in the order of their names.
func (s settings) index() (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, name := range slices.Sorted(maps.Keys(s.programs)) {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			return nil, fmt.Errorf("reading the platform %q: %w", name, err)
		}
		image, err := s.platformImage(*platform, s.programs[name])
		if err != nil {
			return nil, fmt.Errorf("building the image for %s: %w", name, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: platform},
		})
	}
	annotated, ok := mutate.Annotations(index, s.labels).(v1.ImageIndex)
	if !ok {
		return nil, errors.New("annotating the index: it is no index any more")
	}
	return annotated, nil
}
