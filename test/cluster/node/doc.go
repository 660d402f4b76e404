// SPDX-License-Identifier: Apache-2.0

// Package node runs a whole Kubernetes cluster with one real node on this
// machine: the control plane of package cluster, containerd, kubelet, kube-proxy
// and CoreDNS, so that real pods run real images.
//
// Everything runs in separate mount, network, PID, UTS and IPC namespaces. There
// is no network connection between the node and the outside. When the first
// process of its PID namespace ends, the kernel kills all others; only a cgroup
// and a folder have to be removed.
//
// One program runs as three processes. The launcher (launch.go) stays outside,
// checks the machine (probe.go), builds what the node needs (programs.go) and
// cleans up. The init (init.go) is process 1 inside and reaps orphans. The keeper
// (keeper.go) sets up file systems and network, starts the cluster and runs the
// command.
package node
