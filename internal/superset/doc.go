// SPDX-License-Identifier: Apache-2.0

// Package superset knows what Superset wants to find in its container: its
// configuration file, environment, folders and ports. It is pure.
//
// Read [Render] first, then the templates beside it, which are plain Python.
package superset
