// SPDX-License-Identifier: Apache-2.0

// Package detached keeps a cluster in a folder: it starts one that outlives its
// starter, together with the world that plays the operator's Jobs, finds it
// again, and ends it. The commands of cmd/cluster and the demo are made of it.
package detached
