// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// WriteArchive writes images as one OCI archive, a tar of an OCI image layout
// that contains shared layers once. It is meant to be streamed into `ctr images
// import -` without a temporary copy.
func WriteArchive(w io.Writer, images ...Image) error {
	a := archive{tar: tar.NewWriter(w), written: map[string]bool{}}
	index := struct {
		SchemaVersion int          `json:"schemaVersion"`
		Manifests     []descriptor `json:"manifests"`
	}{SchemaVersion: 2}
	for _, image := range images {
		d, err := a.image(image)
		if err != nil {
			return fmt.Errorf("writing image %s: %w", image.Name, err)
		}
		index.Manifests = append(index.Manifests, d)
	}
	indexJSON, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("encoding the index: %w", err)
	}
	if err := a.file("index.json", bytes.NewReader(indexJSON), int64(len(indexJSON))); err != nil {
		return err
	}
	layout := `{"imageLayoutVersion":"1.0.0"}`
	if err := a.file("oci-layout", strings.NewReader(layout), int64(len(layout))); err != nil {
		return err
	}
	if err := a.tar.Close(); err != nil {
		return fmt.Errorf("closing the archive: %w", err)
	}
	return nil
}

type archive struct {
	tar     *tar.Writer
	written map[string]bool // by digest
}

// image writes the blobs of an image that were not written yet and returns its
// line of the index.
func (a archive) image(i Image) (descriptor, error) {
	config, m, err := i.documents()
	if err != nil {
		return descriptor{}, err
	}
	for _, l := range i.Layers {
		if err := a.layer(l); err != nil {
			return descriptor{}, err
		}
	}
	for _, b := range [][]byte{config, m} {
		if err := a.blob(digestOf(b), bytes.NewReader(b), int64(len(b))); err != nil {
			return descriptor{}, err
		}
	}
	tag := i.Name[strings.LastIndex(i.Name, ":")+1:]
	return descriptor{
		MediaType: mediaTypeManifest, Digest: digestOf(m), Size: int64(len(m)),
		Annotations: map[string]string{
			"io.containerd.image.name":          i.Name,
			"org.opencontainers.image.ref.name": tag,
		},
	}, nil
}

func (a archive) layer(l Layer) error {
	if a.written[l.Digest] {
		return nil
	}
	f, err := os.Open(l.Path)
	if err != nil {
		return fmt.Errorf("opening a layer: %w", err)
	}
	defer func() { _ = f.Close() }()
	return a.blob(l.Digest, f, l.Size)
}

func (a archive) blob(digest string, content io.Reader, size int64) error {
	if a.written[digest] {
		return nil
	}
	a.written[digest] = true
	return a.file("blobs/"+strings.Replace(digest, ":", "/", 1), content, size)
}

func (a archive) file(name string, content io.Reader, size int64) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if _, err := io.Copy(a.tar, content); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
