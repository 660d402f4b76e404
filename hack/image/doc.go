// SPDX-License-Identifier: Apache-2.0

// Command image writes the operator's container image without a container runtime. Read
// image.go first: the image is one layer with one static program, for each platform. main.go
// writes it as an OCI image layout, and pushes it.
//
// The same programs and the same labels give the same bytes: files have no time of their own,
// and their order is fixed.
//
// It is a module of its own, so that the operator does not depend on a client for registries.
package main
