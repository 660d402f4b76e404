// SPDX-License-Identifier: Apache-2.0

// Package version says which release of the operator this is.
package version

// Version of the operator; set when a release is built, with
// -ldflags "-X …/internal/version.Version=v0.1.0".
var Version = "development"
