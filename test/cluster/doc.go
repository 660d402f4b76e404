// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes control plane for tests and demos: etcd,
// kube-apiserver, kube-controller-manager and kube-scheduler, built only from Go
// modules, on loopback, with RBAC and Pod Security admission enabled. With kwok
// there are two nodes with simulated kubelets: Deployments, Jobs and garbage
// collection are real, only containers are not.
//
// Read [Start] first, then controlplane.go for the programs and their flags.
// Package world simulates the containers; README.md lists the behaviors that a
// manifest can choose. It runs on Linux.
package cluster
