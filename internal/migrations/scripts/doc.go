// SPDX-License-Identifier: Apache-2.0

// Package scripts embeds the Python and the shell that the Jobs run. The Python is the package
// superset_job, whose folder jobs has a module for each migrations.Script and for each other
// container of its pod. Read archive.go first.
package scripts
