// SPDX-License-Identifier: Apache-2.0

// Package sample is the Superset of the samples, and edits of it, for suites on
// the test cluster.
package sample
