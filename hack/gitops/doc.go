// SPDX-License-Identifier: Apache-2.0

// Package gitops tests config/gitops: the health checks for Argo CD run on statuses that the
// operator has written.
//
// It is a module of its own, so that the operator does not depend on Lua.
package gitops
