// SPDX-License-Identifier: Apache-2.0

// Package chronicle records all changes in a namespace.
package chronicle
