// SPDX-License-Identifier: Apache-2.0

// Package node pins what a real Kubernetes node runs in addition to the programs
// of Kubernetes itself: containerd with its shim and ctr, runc and the CNI
// plugins, as tools of this module, so that its go.mod is the only list of
// versions. It also has two small programs: pause, which holds a pod's
// namespaces, and pod, which tests run in pods.
package node
