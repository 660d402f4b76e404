// SPDX-License-Identifier: Apache-2.0

// Package install tests each way to install the operator on a real control plane: the files
// of config/default, the component namespaced, and the chart in both scopes.
//
// Nodes are simulated and run no pods. So the manager runs as a process, with exactly the
// arguments of the installed Deployment and a token of its ServiceAccount; only the addresses
// that it listens on and the namespace of its lease are added, because a process has no pod.
//
// The suite has the build tag install: make test-install. Read install_test.go first.
package install
