// SPDX-License-Identifier: Apache-2.0

// Package scripts embeds the Python and the shell that the Jobs run: one file for each
// migrations.Script and for each other container of its pod, and the modules that they share,
// whose names begin with superset_job.
package scripts
