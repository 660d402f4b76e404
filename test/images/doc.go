// SPDX-License-Identifier: Apache-2.0

// Package images builds the container images of the end-to-end test on the
// spot, without a registry and without a container runtime: Debian by
// debootstrap, Superset from its Python packages, the operator by the Go
// compiler, and the OCI archive around them by the standard library.
//
// Layers are what takes time and space, so each is made once and kept in the
// user's cache folder under a key of its inputs; images are a few lines of
// JSON over layers and are made anew each time.
//
// Read catalogue.go first (which images there are), then layer.go and
// archive.go. What a working Superset needs beside itself is data: pins.json;
// so are the releases that are broken on purpose, each a thin layer over a good
// one: variants.json.
package images
