// SPDX-License-Identifier: Apache-2.0

// Package fault is a proxy between one operator and the API server. It counts and
// traces the operator's requests, and applies a fault of the network, the process
// or the server to a chosen request. Watches can be delayed, stopped, or started
// from an earlier state.
//
// Read [Layer] first.
package fault
