// SPDX-License-Identifier: Apache-2.0

// Package images builds the container images of the end-to-end test without a
// registry and without a container runtime: Debian with debootstrap, Superset
// from its Python packages, the operator with `make image`, and the OCI
// archive with the standard library.
//
// Layers take time and space, so each is built once and stored in the user's
// cache folder under a key of its inputs; images are a few lines of JSON over
// layers and are written each time.
//
// Read catalogue.go first (the list of images), then layer.go and archive.go. The
// other packages of a working Superset are listed in pins.json. The releases that
// are broken on purpose, each a thin layer over a working one, are listed in
// variants.json.
package images
