// SPDX-License-Identifier: Apache-2.0

// Package sample provides the Superset of config/samples, and edits of it, for
// the suites on the test cluster.
package sample
