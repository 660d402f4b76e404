// SPDX-License-Identifier: Apache-2.0

// Package docs checks the Markdown files: the targets, links and tokens that they
// name exist, the lines of the log are listed, and each alert and reason has its runbook. It
// also checks the measures of files and packages in ARCHITECTURE.md.
package docs
