// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator on a real node: real kubelet, containerd and
// kube-proxy, real PostgreSQL and Redis, and images of real Superset releases.
// The operator runs in a pod under its own RBAC, Superset under the restricted
// Pod Security level.
//
// The suite has the build tag e2e and runs inside the node that package
// test/cluster/node starts, because the cluster's addresses exist only there:
//
//	make e2e
//
// Read journey_test.go first: it has the table of journeys. Each journey installs
// a release, uses it, and runs its variants: an upgrade, mostly followed by a
// rollback. variant_test.go runs one variant, and database_test.go compares the
// databases. sample_test.go installs the samples of config/samples, adapted by the
// kustomizations below samples. The database server is shared; everything else
// belongs to one journey.
package e2e
