// SPDX-License-Identifier: Apache-2.0

// Package integration tests the operator against a real control plane with the
// real controllers for garbage collection, Deployments and Jobs. The operator
// runs as a process with the RBAC that it ships with. Pods are simulated: kwok
// starts them, and package world ends the pods of Jobs and simulates their
// databases.
//
// main_test.go starts everything once, operator_test.go runs the operator, and
// watch_test.go records the changes in a namespace in the order of the API
// server.
package integration
