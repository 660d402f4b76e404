// SPDX-License-Identifier: Apache-2.0

package images

import (
	"encoding/json"
	"fmt"
	"runtime"
)

// Image is a container image: layers, lowest first, and defaults for its process.
type Image struct {
	// Name is the full reference, registry, repository and tag.
	Name string
	// Layers of the file system, the lowest first.
	Layers []Layer
	// Defaults of the container's process.
	Defaults Defaults

	// Config and Manifest are the documents of an image that was built elsewhere, whose
	// layers are as the manifest names them; otherwise they follow from the layers. The
	// keeper of a node gets images as JSON, so they are exported.
	Config, Manifest []byte `json:",omitempty"`
}

// Defaults of a container's process, which a pod may override. The keys are
// those of the OCI image configuration.
type Defaults struct {
	Env        []string `json:",omitempty"`
	User       string   `json:",omitempty"`
	Entrypoint []string `json:",omitempty"`
	Cmd        []string `json:",omitempty"`
	WorkingDir string   `json:",omitempty"`
}

const (
	mediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaTypeConfig   = "application/vnd.oci.image.config.v1+json"
	mediaTypeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor refers to a blob of the archive.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type configuration struct {
	Architecture string   `json:"architecture"`
	OS           string   `json:"os"`
	Config       Defaults `json:"config"`
	RootFS       rootFS   `json:"rootfs"`
}

// documents returns the JSON of the image's configuration and manifest.
func (i Image) documents() (config, manifestJSON []byte, err error) {
	if i.Manifest != nil {
		return i.Config, i.Manifest, nil
	}
	c := configuration{
		Architecture: runtime.GOARCH, OS: "linux", Config: i.Defaults,
		RootFS: rootFS{Type: "layers", DiffIDs: []string{}},
	}
	m := manifest{SchemaVersion: 2, MediaType: mediaTypeManifest, Layers: []descriptor{}}
	for _, l := range i.Layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, l.Digest)
		m.Layers = append(m.Layers, descriptor{MediaType: mediaTypeLayer, Digest: l.Digest, Size: l.Size})
	}
	if config, err = json.Marshal(c); err != nil {
		return nil, nil, fmt.Errorf("encoding the configuration of %s: %w", i.Name, err)
	}
	m.Config = descriptor{MediaType: mediaTypeConfig, Digest: digestOf(config), Size: int64(len(config))}
	if manifestJSON, err = json.Marshal(m); err != nil {
		return nil, nil, fmt.Errorf("encoding the manifest of %s: %w", i.Name, err)
	}
	return config, manifestJSON, nil
}

// Digest identifies the image by its content, as in a container runtime.
func (i Image) Digest() (string, error) {
	_, m, err := i.documents()
	if err != nil {
		return "", err
	}
	return digestOf(m), nil
}
