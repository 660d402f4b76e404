// SPDX-License-Identifier: Apache-2.0

// Package sample provides a Superset with every tier, and edits of it, for the suites on the
// test cluster.
package sample
