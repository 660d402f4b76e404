// SPDX-License-Identifier: Apache-2.0

// Package cluster makes a real Kubernetes control plane for tests and demos:
// etcd, kube-apiserver, kube-controller-manager and kube-scheduler, built from
// Go modules alone, on loopback, with RBAC and Pod Security admission on. With
// kwok there are two nodes whose kubelets are simulated, so that Deployments,
// Jobs and garbage collection are real and only containers are not.
//
// Read [Start] first, then controlplane.go for what runs with which flags.
// Package world plays what the containers would do; README.md lists how a
// manifest chooses it. It runs on Linux.
package cluster
