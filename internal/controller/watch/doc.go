// SPDX-License-Identifier: Apache-2.0

// Package watch is what the controllers watch: what the caches keep (cache.go), how it is
// found (index.go), and which changes lead to a reconcile (predicates.go).
package watch
