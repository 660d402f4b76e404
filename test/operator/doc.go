// SPDX-License-Identifier: Apache-2.0

// Package operator installs the operator in a test cluster and runs it as a
// process outside the cluster, with only the permissions of config/rbac.
package operator
