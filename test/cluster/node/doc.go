// SPDX-License-Identifier: Apache-2.0

// Package node runs a whole Kubernetes cluster of one real node on this
// machine: the control plane of package cluster, containerd, kubelet,
// kube-proxy and CoreDNS, so that real pods run real images.
//
// Everything lives in mount, network, PID, UTS and IPC namespaces of its own.
// It cannot reach the network outside, nothing outside can reach it, and when
// the first process of its PID namespace ends, the kernel ends all the others:
// what is left to remove is a cgroup and a folder.
//
// Three processes of the same program hand over to one another. The launcher
// (launch.go) stays outside, checks the machine (probe.go), builds what the
// node needs (programs.go) and cleans up. The init (init.go) is process 1
// inside and reaps orphans. The keeper (keeper.go) sets up file systems and
// network, starts the cluster and runs the command.
package node
