// SPDX-License-Identifier: Apache-2.0

// Package superset defines the interface to Superset's container: the configuration
// file, environment variables, folders and ports. It has no side effects.
//
// Start with [Render] and the Python files in parts.
package superset
