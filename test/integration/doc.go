// SPDX-License-Identifier: Apache-2.0

// Package integration tests the operator, as a process of its own under its
// shipped RBAC, against a real control plane with the real controllers for
// garbage collection, Deployments and Jobs. Pods are simulated: kwok starts
// them, package world ends those of Jobs and knows what a database would.
//
// main_test.go starts all of it once; operator_test.go runs the operator;
// watch_test.go records what happens in a namespace, in the API server's order.
package integration
