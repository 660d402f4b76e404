// SPDX-License-Identifier: Apache-2.0

// Package controlplane pins the programs of a Kubernetes control plane, kwok, and
// the Kubernetes programs of a node, as tools of this module, so that its go.mod
// is the only list of versions. Package test/cluster builds them.
//
// The replace lines are needed because Kubernetes requires its own staging
// modules at v0.0.0. To move to another release, change v1.X.Y and every v0.X.Y,
// take etcd's version from that release's go.mod, and run go mod tidy.
package controlplane
