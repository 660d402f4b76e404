// SPDX-License-Identifier: Apache-2.0

// Package e2e proves the operator on a real node: real kubelet, containerd and
// kube-proxy, real PostgreSQL and Redis, and images of real Superset releases.
// The operator runs in a pod under its own RBAC, Superset under the restricted
// Pod Security level.
//
// The suite has the build tag e2e and runs inside the node that package
// test/cluster/node starts, because the cluster's addresses exist only there:
//
//	make e2e
//
// Read journey_test.go first: the table of journeys, each of which installs a
// release, uses it, upgrades it and takes the upgrade back by each way there is;
// and way_test.go, which goes one of them. What is compared afterwards is in
// database_test.go. One database server serves all; all else is a journey's own.
package e2e
