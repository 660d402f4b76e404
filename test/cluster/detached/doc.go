// SPDX-License-Identifier: Apache-2.0

// Package detached manages a cluster in a folder: it starts one that outlives the
// caller, together with the world that simulates the operator's Jobs, finds it
// again, and stops it. The commands of cmd/cluster and the demo use it.
package detached
