// SPDX-License-Identifier: Apache-2.0

// Package docs keeps the Markdown files honest: what they point at exists.
package docs
