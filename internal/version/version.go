// SPDX-License-Identifier: Apache-2.0

// Package version has the version of the operator.
package version

// Version of the operator. Release builds set it with
// -ldflags "-X …/internal/version.Version=v0.1.0". Default: development.
var Version = "development"
