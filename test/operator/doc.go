// SPDX-License-Identifier: Apache-2.0

// Package operator installs the operator in a test cluster and runs it as a
// process outside of it, under the rights that config/rbac ships and no others.
package operator
