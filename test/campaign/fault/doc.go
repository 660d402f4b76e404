// SPDX-License-Identifier: Apache-2.0

// Package fault stands between one operator and the API server: it counts the
// operator's requests, keeps a trace of them, and at a chosen one does what a
// network, a process or a server may do to it. Watches may lag, stand still, or
// begin in the past.
//
// Read [Layer] first.
package fault
